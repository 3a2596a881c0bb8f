/* Kernels written by argen {{ version }}. Do not edit: manifest.json holds this file's sha256.
 *
 * Launch with the grid and block sizes given for each kernel, one launch for each rank, all blocks of a rank resident
 * together. Buffers start on 16-byte boundaries; N and C are below 2^62. What each buffer holds before the first launch, and
 * which of them are written anew before every launch, stands in manifest.json.
 *
{{ holds_for|safe }}
 */
#ifndef ARVERIFY_KERNELS_H
#define ARVERIFY_KERNELS_H

#include <stdint.h>

/* After an await has passed its deadline: [0] = 1, [1] rank, [2] buffer number in the manifest, [3] word within the
 * instance, [4] value seen, [5] value compared with, [6] block, [7] thread, [8] line of the protocol. */
#define ARVERIFY_STATUS_WORDS 16

static inline long long arverify_ceil_div(long long left, long long right) { return (left + right - 1) / right; }
static inline long long arverify_smaller(long long left, long long right) { return left < right ? left : right; }
static inline long long arverify_larger(long long left, long long right) { return left > right ? left : right; }
static inline long long arverify_shift_left(long long left, long long by) { return left << by; }
static inline long long arverify_shift_right(long long left, long long by) { return left >> by; }

{% for ranks in ranks %}
/* The instances of a symmetric buffer, in rank order. */
typedef struct {
    void *of[{{ ranks }}];
} arverify_instances_{{ ranks }};

{% endfor %}
{% for kernel in kernels %}
/* {{ kernel.name }}: grid = {{ kernel.grid }}, at most {{ kernel.max_blocks }} blocks.
{%- for requirement in kernel.requirements %} Requires {{ requirement }}.{% endfor %} */
#define {{ kernel.macros }}_RANKS {{ kernel.ranks }}
#define {{ kernel.macros }}_THREADS {{ kernel.threads }}
#define {{ kernel.macros }}_MAX_BLOCKS {{ kernel.max_blocks }}
{% for (buffer, over, bytes) in kernel.sizes %}
#define {{ kernel.macros }}_BYTES_{{ buffer }}({{ over }}) ({{ bytes }})
{%- endfor %}

typedef struct {
    {% for member in kernel.members %}
    {{ member.kind }}{{ member.name }}; /* {{ member.meaning|safe }} */
    {%- endfor %}
} {{ kernel.name }}_parameters;

#ifdef __CUDACC__
extern "C" __global__ void {{ kernel.name }}(
    {% for kind in kernel.types %}
    {{ kind }}{% if !loop.last %},{% endif %}
    {%- endfor %}
    );
#endif

{% endfor %}
#endif
