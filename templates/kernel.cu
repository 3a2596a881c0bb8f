// {{ entry }}: written by argen {{ version }} from {{ protocol_file }}. Do not edit: manifest.json holds its sha256.
//
// {{ summary }}
{{ knobs|safe }}
// P = {{ ranks }} ranks, {{ dtype }}, {{ accumulation }}; {{ threads }} threads for each block.
{{ requirements|safe }}{{ holds_for|safe }}
using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;
using i64 = long long;

namespace {

// The bits of one {{ dtype }}.
using Element = {% if bytes == 4 %}u32{% else %}u16{% endif %};

constexpr i64 P = {{ ranks }}; // ranks
constexpr i64 T = {{ threads }}; // threads in each block
constexpr i64 V = {{ vector }}; // elements in 16 bytes
constexpr i64 ElementBytes = {{ bytes }};

// All instances of a symmetric buffer, in rank order.
template <typename Word>
struct Instances {
    Word* of[P];
};

{{ helpers|safe }}

{{ functions|safe }}

{{ arithmetic|safe }}

} // namespace

extern "C" __global__ void __launch_bounds__({{ threads }}, 1) {{ entry }}(
    {% for parameter in parameters %}
    {{ parameter }}{% if !loop.last %},{% endif %}
    {% endfor %}
    )
{
    {{ start|safe }}

    {{ body|safe }}
}
