/* Kernels written by argen 0.1.0. Do not edit: manifest.json holds this file's sha256.
 *
 * Launch with the grid and block sizes given for each kernel, one launch for each rank, all blocks of a rank resident
 * together. Buffers start on 16-byte boundaries; N and C are below 2^62. What each buffer holds before the first launch, and
 * which of them are written anew before every launch, stands in manifest.json.
 *
 * one-shot, two-shot, ll, lamport, ring, reduce-scatter, all-gather, broadcast, send-recv, channel-hello, channel-ring,
 * channel-mesh, channel-tree: certified for launches of any length N up to the capacity C, the same N on all ranks in
 * each launch, and of one number of blocks B and one capacity C on a workspace, back to back from its initial contents;
 * before B or C changes all ranks must be done, and every buffer gets its initial contents again.
 *
 * barrier: certified for launches of one length N and one number of blocks B on a workspace, back to back from its
 * initial contents; before N or B changes all ranks must be done, and every buffer gets its initial contents again,
 * because rows that are laid out by N race otherwise.
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

/* The instances of a symmetric buffer, in rank order. */
typedef struct {
    void *of[2];
} arverify_instances_2;

/* The instances of a symmetric buffer, in rank order. */
typedef struct {
    void *of[4];
} arverify_instances_4;

/* The instances of a symmetric buffer, in rank order. */
typedef struct {
    void *of[8];
} arverify_instances_8;

/* one_shot_p2_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define ONE_SHOT_P2_F32_RANKS 2
#define ONE_SHOT_P2_F32_THREADS 512
#define ONE_SHOT_P2_F32_MAX_BLOCKS 36

#define ONE_SHOT_P2_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define ONE_SHOT_P2_F32_BYTES_input(B, N) (4 * (long long)(N))
#define ONE_SHOT_P2_F32_BYTES_output(B, N) (4 * (long long)(N))
#define ONE_SHOT_P2_F32_BYTES_comm(B, C) (4 * (long long)(C))
#define ONE_SHOT_P2_F32_BYTES_start(B, C) (8 * (long long)(B) * 2)
#define ONE_SHOT_P2_F32_BYTES_end(B, C) (8 * (long long)(B) * 2)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 comm; /* all instances in rank order, this rank's included */
    arverify_instances_2 start; /* all instances in rank order, this rank's included */
    arverify_instances_2 end; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} one_shot_p2_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void one_shot_p2_f32(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* one_shot_p2_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define ONE_SHOT_P2_F16_RANKS 2
#define ONE_SHOT_P2_F16_THREADS 512
#define ONE_SHOT_P2_F16_MAX_BLOCKS 36

#define ONE_SHOT_P2_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define ONE_SHOT_P2_F16_BYTES_input(B, N) (2 * (long long)(N))
#define ONE_SHOT_P2_F16_BYTES_output(B, N) (2 * (long long)(N))
#define ONE_SHOT_P2_F16_BYTES_comm(B, C) (2 * (long long)(C))
#define ONE_SHOT_P2_F16_BYTES_start(B, C) (8 * (long long)(B) * 2)
#define ONE_SHOT_P2_F16_BYTES_end(B, C) (8 * (long long)(B) * 2)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 comm; /* all instances in rank order, this rank's included */
    arverify_instances_2 start; /* all instances in rank order, this rank's included */
    arverify_instances_2 end; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} one_shot_p2_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void one_shot_p2_f16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* one_shot_p2_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define ONE_SHOT_P2_BF16_RANKS 2
#define ONE_SHOT_P2_BF16_THREADS 512
#define ONE_SHOT_P2_BF16_MAX_BLOCKS 36

#define ONE_SHOT_P2_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define ONE_SHOT_P2_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define ONE_SHOT_P2_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define ONE_SHOT_P2_BF16_BYTES_comm(B, C) (2 * (long long)(C))
#define ONE_SHOT_P2_BF16_BYTES_start(B, C) (8 * (long long)(B) * 2)
#define ONE_SHOT_P2_BF16_BYTES_end(B, C) (8 * (long long)(B) * 2)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 comm; /* all instances in rank order, this rank's included */
    arverify_instances_2 start; /* all instances in rank order, this rank's included */
    arverify_instances_2 end; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} one_shot_p2_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void one_shot_p2_bf16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* one_shot_p4_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define ONE_SHOT_P4_F32_RANKS 4
#define ONE_SHOT_P4_F32_THREADS 512
#define ONE_SHOT_P4_F32_MAX_BLOCKS 36

#define ONE_SHOT_P4_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define ONE_SHOT_P4_F32_BYTES_input(B, N) (4 * (long long)(N))
#define ONE_SHOT_P4_F32_BYTES_output(B, N) (4 * (long long)(N))
#define ONE_SHOT_P4_F32_BYTES_comm(B, C) (4 * (long long)(C))
#define ONE_SHOT_P4_F32_BYTES_start(B, C) (8 * (long long)(B) * 4)
#define ONE_SHOT_P4_F32_BYTES_end(B, C) (8 * (long long)(B) * 4)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 comm; /* all instances in rank order, this rank's included */
    arverify_instances_4 start; /* all instances in rank order, this rank's included */
    arverify_instances_4 end; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} one_shot_p4_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void one_shot_p4_f32(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* one_shot_p4_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define ONE_SHOT_P4_F16_RANKS 4
#define ONE_SHOT_P4_F16_THREADS 512
#define ONE_SHOT_P4_F16_MAX_BLOCKS 36

#define ONE_SHOT_P4_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define ONE_SHOT_P4_F16_BYTES_input(B, N) (2 * (long long)(N))
#define ONE_SHOT_P4_F16_BYTES_output(B, N) (2 * (long long)(N))
#define ONE_SHOT_P4_F16_BYTES_comm(B, C) (2 * (long long)(C))
#define ONE_SHOT_P4_F16_BYTES_start(B, C) (8 * (long long)(B) * 4)
#define ONE_SHOT_P4_F16_BYTES_end(B, C) (8 * (long long)(B) * 4)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 comm; /* all instances in rank order, this rank's included */
    arverify_instances_4 start; /* all instances in rank order, this rank's included */
    arverify_instances_4 end; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} one_shot_p4_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void one_shot_p4_f16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* one_shot_p4_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define ONE_SHOT_P4_BF16_RANKS 4
#define ONE_SHOT_P4_BF16_THREADS 512
#define ONE_SHOT_P4_BF16_MAX_BLOCKS 36

#define ONE_SHOT_P4_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define ONE_SHOT_P4_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define ONE_SHOT_P4_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define ONE_SHOT_P4_BF16_BYTES_comm(B, C) (2 * (long long)(C))
#define ONE_SHOT_P4_BF16_BYTES_start(B, C) (8 * (long long)(B) * 4)
#define ONE_SHOT_P4_BF16_BYTES_end(B, C) (8 * (long long)(B) * 4)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 comm; /* all instances in rank order, this rank's included */
    arverify_instances_4 start; /* all instances in rank order, this rank's included */
    arverify_instances_4 end; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} one_shot_p4_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void one_shot_p4_bf16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* one_shot_p8_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define ONE_SHOT_P8_F32_RANKS 8
#define ONE_SHOT_P8_F32_THREADS 512
#define ONE_SHOT_P8_F32_MAX_BLOCKS 36

#define ONE_SHOT_P8_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define ONE_SHOT_P8_F32_BYTES_input(B, N) (4 * (long long)(N))
#define ONE_SHOT_P8_F32_BYTES_output(B, N) (4 * (long long)(N))
#define ONE_SHOT_P8_F32_BYTES_comm(B, C) (4 * (long long)(C))
#define ONE_SHOT_P8_F32_BYTES_start(B, C) (8 * (long long)(B) * 8)
#define ONE_SHOT_P8_F32_BYTES_end(B, C) (8 * (long long)(B) * 8)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 comm; /* all instances in rank order, this rank's included */
    arverify_instances_8 start; /* all instances in rank order, this rank's included */
    arverify_instances_8 end; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} one_shot_p8_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void one_shot_p8_f32(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* one_shot_p8_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define ONE_SHOT_P8_F16_RANKS 8
#define ONE_SHOT_P8_F16_THREADS 512
#define ONE_SHOT_P8_F16_MAX_BLOCKS 36

#define ONE_SHOT_P8_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define ONE_SHOT_P8_F16_BYTES_input(B, N) (2 * (long long)(N))
#define ONE_SHOT_P8_F16_BYTES_output(B, N) (2 * (long long)(N))
#define ONE_SHOT_P8_F16_BYTES_comm(B, C) (2 * (long long)(C))
#define ONE_SHOT_P8_F16_BYTES_start(B, C) (8 * (long long)(B) * 8)
#define ONE_SHOT_P8_F16_BYTES_end(B, C) (8 * (long long)(B) * 8)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 comm; /* all instances in rank order, this rank's included */
    arverify_instances_8 start; /* all instances in rank order, this rank's included */
    arverify_instances_8 end; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} one_shot_p8_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void one_shot_p8_f16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* one_shot_p8_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define ONE_SHOT_P8_BF16_RANKS 8
#define ONE_SHOT_P8_BF16_THREADS 512
#define ONE_SHOT_P8_BF16_MAX_BLOCKS 36

#define ONE_SHOT_P8_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define ONE_SHOT_P8_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define ONE_SHOT_P8_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define ONE_SHOT_P8_BF16_BYTES_comm(B, C) (2 * (long long)(C))
#define ONE_SHOT_P8_BF16_BYTES_start(B, C) (8 * (long long)(B) * 8)
#define ONE_SHOT_P8_BF16_BYTES_end(B, C) (8 * (long long)(B) * 8)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 comm; /* all instances in rank order, this rank's included */
    arverify_instances_8 start; /* all instances in rank order, this rank's included */
    arverify_instances_8 end; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} one_shot_p8_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void one_shot_p8_bf16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* two_shot_p2_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define TWO_SHOT_P2_F32_RANKS 2
#define TWO_SHOT_P2_F32_THREADS 512
#define TWO_SHOT_P2_F32_MAX_BLOCKS 36

#define TWO_SHOT_P2_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define TWO_SHOT_P2_F32_BYTES_input(B, N) (4 * (long long)(N))
#define TWO_SHOT_P2_F32_BYTES_output(B, N) (4 * (long long)(N))
#define TWO_SHOT_P2_F32_BYTES_comm(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define TWO_SHOT_P2_F32_BYTES_first(B, C) (8 * (long long)(B) * 2)
#define TWO_SHOT_P2_F32_BYTES_second(B, C) (8 * (long long)(B) * 2)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 comm; /* all instances in rank order, this rank's included */
    arverify_instances_2 first; /* all instances in rank order, this rank's included */
    arverify_instances_2 second; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} two_shot_p2_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void two_shot_p2_f32(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* two_shot_p2_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define TWO_SHOT_P2_F16_RANKS 2
#define TWO_SHOT_P2_F16_THREADS 512
#define TWO_SHOT_P2_F16_MAX_BLOCKS 36

#define TWO_SHOT_P2_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define TWO_SHOT_P2_F16_BYTES_input(B, N) (2 * (long long)(N))
#define TWO_SHOT_P2_F16_BYTES_output(B, N) (2 * (long long)(N))
#define TWO_SHOT_P2_F16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define TWO_SHOT_P2_F16_BYTES_first(B, C) (8 * (long long)(B) * 2)
#define TWO_SHOT_P2_F16_BYTES_second(B, C) (8 * (long long)(B) * 2)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 comm; /* all instances in rank order, this rank's included */
    arverify_instances_2 first; /* all instances in rank order, this rank's included */
    arverify_instances_2 second; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} two_shot_p2_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void two_shot_p2_f16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* two_shot_p2_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define TWO_SHOT_P2_BF16_RANKS 2
#define TWO_SHOT_P2_BF16_THREADS 512
#define TWO_SHOT_P2_BF16_MAX_BLOCKS 36

#define TWO_SHOT_P2_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define TWO_SHOT_P2_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define TWO_SHOT_P2_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define TWO_SHOT_P2_BF16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define TWO_SHOT_P2_BF16_BYTES_first(B, C) (8 * (long long)(B) * 2)
#define TWO_SHOT_P2_BF16_BYTES_second(B, C) (8 * (long long)(B) * 2)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 comm; /* all instances in rank order, this rank's included */
    arverify_instances_2 first; /* all instances in rank order, this rank's included */
    arverify_instances_2 second; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} two_shot_p2_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void two_shot_p2_bf16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* two_shot_p4_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define TWO_SHOT_P4_F32_RANKS 4
#define TWO_SHOT_P4_F32_THREADS 512
#define TWO_SHOT_P4_F32_MAX_BLOCKS 36

#define TWO_SHOT_P4_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define TWO_SHOT_P4_F32_BYTES_input(B, N) (4 * (long long)(N))
#define TWO_SHOT_P4_F32_BYTES_output(B, N) (4 * (long long)(N))
#define TWO_SHOT_P4_F32_BYTES_comm(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define TWO_SHOT_P4_F32_BYTES_first(B, C) (8 * (long long)(B) * 4)
#define TWO_SHOT_P4_F32_BYTES_second(B, C) (8 * (long long)(B) * 4)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 comm; /* all instances in rank order, this rank's included */
    arverify_instances_4 first; /* all instances in rank order, this rank's included */
    arverify_instances_4 second; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} two_shot_p4_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void two_shot_p4_f32(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* two_shot_p4_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define TWO_SHOT_P4_F16_RANKS 4
#define TWO_SHOT_P4_F16_THREADS 512
#define TWO_SHOT_P4_F16_MAX_BLOCKS 36

#define TWO_SHOT_P4_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define TWO_SHOT_P4_F16_BYTES_input(B, N) (2 * (long long)(N))
#define TWO_SHOT_P4_F16_BYTES_output(B, N) (2 * (long long)(N))
#define TWO_SHOT_P4_F16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define TWO_SHOT_P4_F16_BYTES_first(B, C) (8 * (long long)(B) * 4)
#define TWO_SHOT_P4_F16_BYTES_second(B, C) (8 * (long long)(B) * 4)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 comm; /* all instances in rank order, this rank's included */
    arverify_instances_4 first; /* all instances in rank order, this rank's included */
    arverify_instances_4 second; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} two_shot_p4_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void two_shot_p4_f16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* two_shot_p4_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define TWO_SHOT_P4_BF16_RANKS 4
#define TWO_SHOT_P4_BF16_THREADS 512
#define TWO_SHOT_P4_BF16_MAX_BLOCKS 36

#define TWO_SHOT_P4_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define TWO_SHOT_P4_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define TWO_SHOT_P4_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define TWO_SHOT_P4_BF16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define TWO_SHOT_P4_BF16_BYTES_first(B, C) (8 * (long long)(B) * 4)
#define TWO_SHOT_P4_BF16_BYTES_second(B, C) (8 * (long long)(B) * 4)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 comm; /* all instances in rank order, this rank's included */
    arverify_instances_4 first; /* all instances in rank order, this rank's included */
    arverify_instances_4 second; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} two_shot_p4_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void two_shot_p4_bf16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* two_shot_p8_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define TWO_SHOT_P8_F32_RANKS 8
#define TWO_SHOT_P8_F32_THREADS 512
#define TWO_SHOT_P8_F32_MAX_BLOCKS 36

#define TWO_SHOT_P8_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define TWO_SHOT_P8_F32_BYTES_input(B, N) (4 * (long long)(N))
#define TWO_SHOT_P8_F32_BYTES_output(B, N) (4 * (long long)(N))
#define TWO_SHOT_P8_F32_BYTES_comm(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define TWO_SHOT_P8_F32_BYTES_first(B, C) (8 * (long long)(B) * 8)
#define TWO_SHOT_P8_F32_BYTES_second(B, C) (8 * (long long)(B) * 8)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 comm; /* all instances in rank order, this rank's included */
    arverify_instances_8 first; /* all instances in rank order, this rank's included */
    arverify_instances_8 second; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} two_shot_p8_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void two_shot_p8_f32(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* two_shot_p8_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define TWO_SHOT_P8_F16_RANKS 8
#define TWO_SHOT_P8_F16_THREADS 512
#define TWO_SHOT_P8_F16_MAX_BLOCKS 36

#define TWO_SHOT_P8_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define TWO_SHOT_P8_F16_BYTES_input(B, N) (2 * (long long)(N))
#define TWO_SHOT_P8_F16_BYTES_output(B, N) (2 * (long long)(N))
#define TWO_SHOT_P8_F16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define TWO_SHOT_P8_F16_BYTES_first(B, C) (8 * (long long)(B) * 8)
#define TWO_SHOT_P8_F16_BYTES_second(B, C) (8 * (long long)(B) * 8)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 comm; /* all instances in rank order, this rank's included */
    arverify_instances_8 first; /* all instances in rank order, this rank's included */
    arverify_instances_8 second; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} two_shot_p8_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void two_shot_p8_f16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* two_shot_p8_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define TWO_SHOT_P8_BF16_RANKS 8
#define TWO_SHOT_P8_BF16_THREADS 512
#define TWO_SHOT_P8_BF16_MAX_BLOCKS 36

#define TWO_SHOT_P8_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define TWO_SHOT_P8_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define TWO_SHOT_P8_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define TWO_SHOT_P8_BF16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define TWO_SHOT_P8_BF16_BYTES_first(B, C) (8 * (long long)(B) * 8)
#define TWO_SHOT_P8_BF16_BYTES_second(B, C) (8 * (long long)(B) * 8)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 comm; /* all instances in rank order, this rank's included */
    arverify_instances_8 first; /* all instances in rank order, this rank's included */
    arverify_instances_8 second; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} two_shot_p8_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void two_shot_p8_bf16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ll_p2_f32: grid = B, at most 36 blocks. */
#define LL_P2_F32_RANKS 2
#define LL_P2_F32_THREADS 512
#define LL_P2_F32_MAX_BLOCKS 36

#define LL_P2_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define LL_P2_F32_BYTES_input(B, N) (4 * (long long)(N))
#define LL_P2_F32_BYTES_output(B, N) (4 * (long long)(N))
#define LL_P2_F32_BYTES_packets(B, C) (16 * 2 * arverify_ceil_div((long long)(C), 4 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 packets; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ll_p2_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ll_p2_f32(
    void *,
    void *,
    void *,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ll_p2_f16: grid = B, at most 36 blocks. */
#define LL_P2_F16_RANKS 2
#define LL_P2_F16_THREADS 512
#define LL_P2_F16_MAX_BLOCKS 36

#define LL_P2_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define LL_P2_F16_BYTES_input(B, N) (2 * (long long)(N))
#define LL_P2_F16_BYTES_output(B, N) (2 * (long long)(N))
#define LL_P2_F16_BYTES_packets(B, C) (16 * 2 * arverify_ceil_div((long long)(C), 8 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 packets; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ll_p2_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ll_p2_f16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ll_p2_bf16: grid = B, at most 36 blocks. */
#define LL_P2_BF16_RANKS 2
#define LL_P2_BF16_THREADS 512
#define LL_P2_BF16_MAX_BLOCKS 36

#define LL_P2_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define LL_P2_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define LL_P2_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define LL_P2_BF16_BYTES_packets(B, C) (16 * 2 * arverify_ceil_div((long long)(C), 8 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 packets; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ll_p2_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ll_p2_bf16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ll_p4_f32: grid = B, at most 36 blocks. */
#define LL_P4_F32_RANKS 4
#define LL_P4_F32_THREADS 512
#define LL_P4_F32_MAX_BLOCKS 36

#define LL_P4_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define LL_P4_F32_BYTES_input(B, N) (4 * (long long)(N))
#define LL_P4_F32_BYTES_output(B, N) (4 * (long long)(N))
#define LL_P4_F32_BYTES_packets(B, C) (16 * 4 * arverify_ceil_div((long long)(C), 4 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 packets; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ll_p4_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ll_p4_f32(
    void *,
    void *,
    void *,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ll_p4_f16: grid = B, at most 36 blocks. */
#define LL_P4_F16_RANKS 4
#define LL_P4_F16_THREADS 512
#define LL_P4_F16_MAX_BLOCKS 36

#define LL_P4_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define LL_P4_F16_BYTES_input(B, N) (2 * (long long)(N))
#define LL_P4_F16_BYTES_output(B, N) (2 * (long long)(N))
#define LL_P4_F16_BYTES_packets(B, C) (16 * 4 * arverify_ceil_div((long long)(C), 8 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 packets; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ll_p4_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ll_p4_f16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ll_p4_bf16: grid = B, at most 36 blocks. */
#define LL_P4_BF16_RANKS 4
#define LL_P4_BF16_THREADS 512
#define LL_P4_BF16_MAX_BLOCKS 36

#define LL_P4_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define LL_P4_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define LL_P4_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define LL_P4_BF16_BYTES_packets(B, C) (16 * 4 * arverify_ceil_div((long long)(C), 8 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 packets; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ll_p4_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ll_p4_bf16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ll_p8_f32: grid = B, at most 36 blocks. */
#define LL_P8_F32_RANKS 8
#define LL_P8_F32_THREADS 512
#define LL_P8_F32_MAX_BLOCKS 36

#define LL_P8_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define LL_P8_F32_BYTES_input(B, N) (4 * (long long)(N))
#define LL_P8_F32_BYTES_output(B, N) (4 * (long long)(N))
#define LL_P8_F32_BYTES_packets(B, C) (16 * 8 * arverify_ceil_div((long long)(C), 4 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 packets; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ll_p8_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ll_p8_f32(
    void *,
    void *,
    void *,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ll_p8_f16: grid = B, at most 36 blocks. */
#define LL_P8_F16_RANKS 8
#define LL_P8_F16_THREADS 512
#define LL_P8_F16_MAX_BLOCKS 36

#define LL_P8_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define LL_P8_F16_BYTES_input(B, N) (2 * (long long)(N))
#define LL_P8_F16_BYTES_output(B, N) (2 * (long long)(N))
#define LL_P8_F16_BYTES_packets(B, C) (16 * 8 * arverify_ceil_div((long long)(C), 8 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 packets; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ll_p8_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ll_p8_f16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ll_p8_bf16: grid = B, at most 36 blocks. */
#define LL_P8_BF16_RANKS 8
#define LL_P8_BF16_THREADS 512
#define LL_P8_BF16_MAX_BLOCKS 36

#define LL_P8_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define LL_P8_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define LL_P8_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define LL_P8_BF16_BYTES_packets(B, C) (16 * 8 * arverify_ceil_div((long long)(C), 8 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 packets; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ll_p8_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ll_p8_bf16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* lamport_p2_f32: grid = B, at most 36 blocks. */
#define LAMPORT_P2_F32_RANKS 2
#define LAMPORT_P2_F32_THREADS 512
#define LAMPORT_P2_F32_MAX_BLOCKS 36

#define LAMPORT_P2_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define LAMPORT_P2_F32_BYTES_sent(B, C) (4 * (long long)(B))
#define LAMPORT_P2_F32_BYTES_input(B, N) (4 * (long long)(N))
#define LAMPORT_P2_F32_BYTES_output(B, N) (4 * (long long)(N))
#define LAMPORT_P2_F32_BYTES_slots(B, C) (12 * 2 * arverify_ceil_div((long long)(C), 4 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 slots; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} lamport_p2_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void lamport_p2_f32(
    void *,
    void *,
    void *,
    void *,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* lamport_p2_f16: grid = B, at most 36 blocks. */
#define LAMPORT_P2_F16_RANKS 2
#define LAMPORT_P2_F16_THREADS 512
#define LAMPORT_P2_F16_MAX_BLOCKS 36

#define LAMPORT_P2_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define LAMPORT_P2_F16_BYTES_sent(B, C) (4 * (long long)(B))
#define LAMPORT_P2_F16_BYTES_input(B, N) (2 * (long long)(N))
#define LAMPORT_P2_F16_BYTES_output(B, N) (2 * (long long)(N))
#define LAMPORT_P2_F16_BYTES_slots(B, C) (12 * 2 * arverify_ceil_div((long long)(C), 8 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 slots; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} lamport_p2_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void lamport_p2_f16(
    void *,
    void *,
    void *,
    void *,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* lamport_p2_bf16: grid = B, at most 36 blocks. */
#define LAMPORT_P2_BF16_RANKS 2
#define LAMPORT_P2_BF16_THREADS 512
#define LAMPORT_P2_BF16_MAX_BLOCKS 36

#define LAMPORT_P2_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define LAMPORT_P2_BF16_BYTES_sent(B, C) (4 * (long long)(B))
#define LAMPORT_P2_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define LAMPORT_P2_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define LAMPORT_P2_BF16_BYTES_slots(B, C) (12 * 2 * arverify_ceil_div((long long)(C), 8 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 slots; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} lamport_p2_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void lamport_p2_bf16(
    void *,
    void *,
    void *,
    void *,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* lamport_p4_f32: grid = B, at most 36 blocks. */
#define LAMPORT_P4_F32_RANKS 4
#define LAMPORT_P4_F32_THREADS 512
#define LAMPORT_P4_F32_MAX_BLOCKS 36

#define LAMPORT_P4_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define LAMPORT_P4_F32_BYTES_sent(B, C) (4 * (long long)(B))
#define LAMPORT_P4_F32_BYTES_input(B, N) (4 * (long long)(N))
#define LAMPORT_P4_F32_BYTES_output(B, N) (4 * (long long)(N))
#define LAMPORT_P4_F32_BYTES_slots(B, C) (12 * 4 * arverify_ceil_div((long long)(C), 4 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 slots; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} lamport_p4_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void lamport_p4_f32(
    void *,
    void *,
    void *,
    void *,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* lamport_p4_f16: grid = B, at most 36 blocks. */
#define LAMPORT_P4_F16_RANKS 4
#define LAMPORT_P4_F16_THREADS 512
#define LAMPORT_P4_F16_MAX_BLOCKS 36

#define LAMPORT_P4_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define LAMPORT_P4_F16_BYTES_sent(B, C) (4 * (long long)(B))
#define LAMPORT_P4_F16_BYTES_input(B, N) (2 * (long long)(N))
#define LAMPORT_P4_F16_BYTES_output(B, N) (2 * (long long)(N))
#define LAMPORT_P4_F16_BYTES_slots(B, C) (12 * 4 * arverify_ceil_div((long long)(C), 8 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 slots; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} lamport_p4_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void lamport_p4_f16(
    void *,
    void *,
    void *,
    void *,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* lamport_p4_bf16: grid = B, at most 36 blocks. */
#define LAMPORT_P4_BF16_RANKS 4
#define LAMPORT_P4_BF16_THREADS 512
#define LAMPORT_P4_BF16_MAX_BLOCKS 36

#define LAMPORT_P4_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define LAMPORT_P4_BF16_BYTES_sent(B, C) (4 * (long long)(B))
#define LAMPORT_P4_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define LAMPORT_P4_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define LAMPORT_P4_BF16_BYTES_slots(B, C) (12 * 4 * arverify_ceil_div((long long)(C), 8 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 slots; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} lamport_p4_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void lamport_p4_bf16(
    void *,
    void *,
    void *,
    void *,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* lamport_p8_f32: grid = B, at most 36 blocks. */
#define LAMPORT_P8_F32_RANKS 8
#define LAMPORT_P8_F32_THREADS 512
#define LAMPORT_P8_F32_MAX_BLOCKS 36

#define LAMPORT_P8_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define LAMPORT_P8_F32_BYTES_sent(B, C) (4 * (long long)(B))
#define LAMPORT_P8_F32_BYTES_input(B, N) (4 * (long long)(N))
#define LAMPORT_P8_F32_BYTES_output(B, N) (4 * (long long)(N))
#define LAMPORT_P8_F32_BYTES_slots(B, C) (12 * 8 * arverify_ceil_div((long long)(C), 4 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 slots; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} lamport_p8_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void lamport_p8_f32(
    void *,
    void *,
    void *,
    void *,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* lamport_p8_f16: grid = B, at most 36 blocks. */
#define LAMPORT_P8_F16_RANKS 8
#define LAMPORT_P8_F16_THREADS 512
#define LAMPORT_P8_F16_MAX_BLOCKS 36

#define LAMPORT_P8_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define LAMPORT_P8_F16_BYTES_sent(B, C) (4 * (long long)(B))
#define LAMPORT_P8_F16_BYTES_input(B, N) (2 * (long long)(N))
#define LAMPORT_P8_F16_BYTES_output(B, N) (2 * (long long)(N))
#define LAMPORT_P8_F16_BYTES_slots(B, C) (12 * 8 * arverify_ceil_div((long long)(C), 8 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 slots; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} lamport_p8_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void lamport_p8_f16(
    void *,
    void *,
    void *,
    void *,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* lamport_p8_bf16: grid = B, at most 36 blocks. */
#define LAMPORT_P8_BF16_RANKS 8
#define LAMPORT_P8_BF16_THREADS 512
#define LAMPORT_P8_BF16_MAX_BLOCKS 36

#define LAMPORT_P8_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define LAMPORT_P8_BF16_BYTES_sent(B, C) (4 * (long long)(B))
#define LAMPORT_P8_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define LAMPORT_P8_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define LAMPORT_P8_BF16_BYTES_slots(B, C) (12 * 8 * arverify_ceil_div((long long)(C), 8 / 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 slots; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} lamport_p8_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void lamport_p8_bf16(
    void *,
    void *,
    void *,
    void *,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ring_p2_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define RING_P2_F32_RANKS 2
#define RING_P2_F32_THREADS 512
#define RING_P2_F32_MAX_BLOCKS 36

#define RING_P2_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define RING_P2_F32_BYTES_input(B, N) (4 * (long long)(N))
#define RING_P2_F32_BYTES_output(B, N) (4 * (long long)(N))
#define RING_P2_F32_BYTES_window(B, C) (4 * 2 * (arverify_ceil_div((long long)(C), 2 * 4) * 4))
#define RING_P2_F32_BYTES_signal(B, C) (4 * (long long)(B) * ((2 * 2 - 1 - 1) * 2 + 2))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 window; /* all instances in rank order, this rank's included */
    arverify_instances_2 signal; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ring_p2_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ring_p2_f32(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ring_p2_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define RING_P2_F16_RANKS 2
#define RING_P2_F16_THREADS 512
#define RING_P2_F16_MAX_BLOCKS 36

#define RING_P2_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define RING_P2_F16_BYTES_input(B, N) (2 * (long long)(N))
#define RING_P2_F16_BYTES_output(B, N) (2 * (long long)(N))
#define RING_P2_F16_BYTES_window(B, C) (2 * 2 * (arverify_ceil_div((long long)(C), 2 * 8) * 8))
#define RING_P2_F16_BYTES_signal(B, C) (4 * (long long)(B) * ((2 * 2 - 1 - 1) * 2 + 2))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 window; /* all instances in rank order, this rank's included */
    arverify_instances_2 signal; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ring_p2_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ring_p2_f16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ring_p2_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define RING_P2_BF16_RANKS 2
#define RING_P2_BF16_THREADS 512
#define RING_P2_BF16_MAX_BLOCKS 36

#define RING_P2_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define RING_P2_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define RING_P2_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define RING_P2_BF16_BYTES_window(B, C) (2 * 2 * (arverify_ceil_div((long long)(C), 2 * 8) * 8))
#define RING_P2_BF16_BYTES_signal(B, C) (4 * (long long)(B) * ((2 * 2 - 1 - 1) * 2 + 2))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 window; /* all instances in rank order, this rank's included */
    arverify_instances_2 signal; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ring_p2_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ring_p2_bf16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ring_p4_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define RING_P4_F32_RANKS 4
#define RING_P4_F32_THREADS 512
#define RING_P4_F32_MAX_BLOCKS 36

#define RING_P4_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define RING_P4_F32_BYTES_input(B, N) (4 * (long long)(N))
#define RING_P4_F32_BYTES_output(B, N) (4 * (long long)(N))
#define RING_P4_F32_BYTES_window(B, C) (4 * 4 * (arverify_ceil_div((long long)(C), 4 * 4) * 4))
#define RING_P4_F32_BYTES_signal(B, C) (4 * (long long)(B) * ((2 * 4 - 1 - 1) * 4 + 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 window; /* all instances in rank order, this rank's included */
    arverify_instances_4 signal; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ring_p4_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ring_p4_f32(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ring_p4_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define RING_P4_F16_RANKS 4
#define RING_P4_F16_THREADS 512
#define RING_P4_F16_MAX_BLOCKS 36

#define RING_P4_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define RING_P4_F16_BYTES_input(B, N) (2 * (long long)(N))
#define RING_P4_F16_BYTES_output(B, N) (2 * (long long)(N))
#define RING_P4_F16_BYTES_window(B, C) (2 * 4 * (arverify_ceil_div((long long)(C), 4 * 8) * 8))
#define RING_P4_F16_BYTES_signal(B, C) (4 * (long long)(B) * ((2 * 4 - 1 - 1) * 4 + 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 window; /* all instances in rank order, this rank's included */
    arverify_instances_4 signal; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ring_p4_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ring_p4_f16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ring_p4_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define RING_P4_BF16_RANKS 4
#define RING_P4_BF16_THREADS 512
#define RING_P4_BF16_MAX_BLOCKS 36

#define RING_P4_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define RING_P4_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define RING_P4_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define RING_P4_BF16_BYTES_window(B, C) (2 * 4 * (arverify_ceil_div((long long)(C), 4 * 8) * 8))
#define RING_P4_BF16_BYTES_signal(B, C) (4 * (long long)(B) * ((2 * 4 - 1 - 1) * 4 + 4))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 window; /* all instances in rank order, this rank's included */
    arverify_instances_4 signal; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ring_p4_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ring_p4_bf16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ring_p8_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define RING_P8_F32_RANKS 8
#define RING_P8_F32_THREADS 512
#define RING_P8_F32_MAX_BLOCKS 36

#define RING_P8_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define RING_P8_F32_BYTES_input(B, N) (4 * (long long)(N))
#define RING_P8_F32_BYTES_output(B, N) (4 * (long long)(N))
#define RING_P8_F32_BYTES_window(B, C) (4 * 8 * (arverify_ceil_div((long long)(C), 8 * 4) * 4))
#define RING_P8_F32_BYTES_signal(B, C) (4 * (long long)(B) * ((2 * 8 - 1 - 1) * 8 + 8))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 window; /* all instances in rank order, this rank's included */
    arverify_instances_8 signal; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ring_p8_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ring_p8_f32(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ring_p8_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define RING_P8_F16_RANKS 8
#define RING_P8_F16_THREADS 512
#define RING_P8_F16_MAX_BLOCKS 36

#define RING_P8_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define RING_P8_F16_BYTES_input(B, N) (2 * (long long)(N))
#define RING_P8_F16_BYTES_output(B, N) (2 * (long long)(N))
#define RING_P8_F16_BYTES_window(B, C) (2 * 8 * (arverify_ceil_div((long long)(C), 8 * 8) * 8))
#define RING_P8_F16_BYTES_signal(B, C) (4 * (long long)(B) * ((2 * 8 - 1 - 1) * 8 + 8))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 window; /* all instances in rank order, this rank's included */
    arverify_instances_8 signal; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ring_p8_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ring_p8_f16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* ring_p8_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define RING_P8_BF16_RANKS 8
#define RING_P8_BF16_THREADS 512
#define RING_P8_BF16_MAX_BLOCKS 36

#define RING_P8_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define RING_P8_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define RING_P8_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define RING_P8_BF16_BYTES_window(B, C) (2 * 8 * (arverify_ceil_div((long long)(C), 8 * 8) * 8))
#define RING_P8_BF16_BYTES_signal(B, C) (4 * (long long)(B) * ((2 * 8 - 1 - 1) * 8 + 8))
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 window; /* all instances in rank order, this rank's included */
    arverify_instances_8 signal; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} ring_p8_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void ring_p8_bf16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* reduce_scatter_p2_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define REDUCE_SCATTER_P2_F32_RANKS 2
#define REDUCE_SCATTER_P2_F32_THREADS 512
#define REDUCE_SCATTER_P2_F32_MAX_BLOCKS 36

#define REDUCE_SCATTER_P2_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define REDUCE_SCATTER_P2_F32_BYTES_input(B, N) (4 * (2 * (long long)(N)))
#define REDUCE_SCATTER_P2_F32_BYTES_output(B, N) (4 * (long long)(N))
#define REDUCE_SCATTER_P2_F32_BYTES_sent(B, C) (8 * 2 * (arverify_ceil_div((long long)(C), 4) * 4))
#define REDUCE_SCATTER_P2_F32_BYTES_arrived(B, C) (8 * (long long)(B) * 2)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 sent; /* all instances in rank order, this rank's included */
    arverify_instances_2 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} reduce_scatter_p2_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void reduce_scatter_p2_f32(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* reduce_scatter_p2_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define REDUCE_SCATTER_P2_F16_RANKS 2
#define REDUCE_SCATTER_P2_F16_THREADS 512
#define REDUCE_SCATTER_P2_F16_MAX_BLOCKS 36

#define REDUCE_SCATTER_P2_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define REDUCE_SCATTER_P2_F16_BYTES_input(B, N) (2 * (2 * (long long)(N)))
#define REDUCE_SCATTER_P2_F16_BYTES_output(B, N) (2 * (long long)(N))
#define REDUCE_SCATTER_P2_F16_BYTES_sent(B, C) (4 * 2 * (arverify_ceil_div((long long)(C), 8) * 8))
#define REDUCE_SCATTER_P2_F16_BYTES_arrived(B, C) (8 * (long long)(B) * 2)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 sent; /* all instances in rank order, this rank's included */
    arverify_instances_2 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} reduce_scatter_p2_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void reduce_scatter_p2_f16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* reduce_scatter_p2_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define REDUCE_SCATTER_P2_BF16_RANKS 2
#define REDUCE_SCATTER_P2_BF16_THREADS 512
#define REDUCE_SCATTER_P2_BF16_MAX_BLOCKS 36

#define REDUCE_SCATTER_P2_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define REDUCE_SCATTER_P2_BF16_BYTES_input(B, N) (2 * (2 * (long long)(N)))
#define REDUCE_SCATTER_P2_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define REDUCE_SCATTER_P2_BF16_BYTES_sent(B, C) (4 * 2 * (arverify_ceil_div((long long)(C), 8) * 8))
#define REDUCE_SCATTER_P2_BF16_BYTES_arrived(B, C) (8 * (long long)(B) * 2)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 sent; /* all instances in rank order, this rank's included */
    arverify_instances_2 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} reduce_scatter_p2_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void reduce_scatter_p2_bf16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* reduce_scatter_p4_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define REDUCE_SCATTER_P4_F32_RANKS 4
#define REDUCE_SCATTER_P4_F32_THREADS 512
#define REDUCE_SCATTER_P4_F32_MAX_BLOCKS 36

#define REDUCE_SCATTER_P4_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define REDUCE_SCATTER_P4_F32_BYTES_input(B, N) (4 * (4 * (long long)(N)))
#define REDUCE_SCATTER_P4_F32_BYTES_output(B, N) (4 * (long long)(N))
#define REDUCE_SCATTER_P4_F32_BYTES_sent(B, C) (8 * 4 * (arverify_ceil_div((long long)(C), 4) * 4))
#define REDUCE_SCATTER_P4_F32_BYTES_arrived(B, C) (8 * (long long)(B) * 4)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 sent; /* all instances in rank order, this rank's included */
    arverify_instances_4 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} reduce_scatter_p4_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void reduce_scatter_p4_f32(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* reduce_scatter_p4_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define REDUCE_SCATTER_P4_F16_RANKS 4
#define REDUCE_SCATTER_P4_F16_THREADS 512
#define REDUCE_SCATTER_P4_F16_MAX_BLOCKS 36

#define REDUCE_SCATTER_P4_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define REDUCE_SCATTER_P4_F16_BYTES_input(B, N) (2 * (4 * (long long)(N)))
#define REDUCE_SCATTER_P4_F16_BYTES_output(B, N) (2 * (long long)(N))
#define REDUCE_SCATTER_P4_F16_BYTES_sent(B, C) (4 * 4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define REDUCE_SCATTER_P4_F16_BYTES_arrived(B, C) (8 * (long long)(B) * 4)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 sent; /* all instances in rank order, this rank's included */
    arverify_instances_4 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} reduce_scatter_p4_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void reduce_scatter_p4_f16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* reduce_scatter_p4_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define REDUCE_SCATTER_P4_BF16_RANKS 4
#define REDUCE_SCATTER_P4_BF16_THREADS 512
#define REDUCE_SCATTER_P4_BF16_MAX_BLOCKS 36

#define REDUCE_SCATTER_P4_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define REDUCE_SCATTER_P4_BF16_BYTES_input(B, N) (2 * (4 * (long long)(N)))
#define REDUCE_SCATTER_P4_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define REDUCE_SCATTER_P4_BF16_BYTES_sent(B, C) (4 * 4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define REDUCE_SCATTER_P4_BF16_BYTES_arrived(B, C) (8 * (long long)(B) * 4)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 sent; /* all instances in rank order, this rank's included */
    arverify_instances_4 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} reduce_scatter_p4_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void reduce_scatter_p4_bf16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* reduce_scatter_p8_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define REDUCE_SCATTER_P8_F32_RANKS 8
#define REDUCE_SCATTER_P8_F32_THREADS 512
#define REDUCE_SCATTER_P8_F32_MAX_BLOCKS 36

#define REDUCE_SCATTER_P8_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define REDUCE_SCATTER_P8_F32_BYTES_input(B, N) (4 * (8 * (long long)(N)))
#define REDUCE_SCATTER_P8_F32_BYTES_output(B, N) (4 * (long long)(N))
#define REDUCE_SCATTER_P8_F32_BYTES_sent(B, C) (8 * 8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define REDUCE_SCATTER_P8_F32_BYTES_arrived(B, C) (8 * (long long)(B) * 8)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 sent; /* all instances in rank order, this rank's included */
    arverify_instances_8 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} reduce_scatter_p8_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void reduce_scatter_p8_f32(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* reduce_scatter_p8_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define REDUCE_SCATTER_P8_F16_RANKS 8
#define REDUCE_SCATTER_P8_F16_THREADS 512
#define REDUCE_SCATTER_P8_F16_MAX_BLOCKS 36

#define REDUCE_SCATTER_P8_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define REDUCE_SCATTER_P8_F16_BYTES_input(B, N) (2 * (8 * (long long)(N)))
#define REDUCE_SCATTER_P8_F16_BYTES_output(B, N) (2 * (long long)(N))
#define REDUCE_SCATTER_P8_F16_BYTES_sent(B, C) (4 * 8 * (arverify_ceil_div((long long)(C), 8) * 8))
#define REDUCE_SCATTER_P8_F16_BYTES_arrived(B, C) (8 * (long long)(B) * 8)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 sent; /* all instances in rank order, this rank's included */
    arverify_instances_8 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} reduce_scatter_p8_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void reduce_scatter_p8_f16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* reduce_scatter_p8_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define REDUCE_SCATTER_P8_BF16_RANKS 8
#define REDUCE_SCATTER_P8_BF16_THREADS 512
#define REDUCE_SCATTER_P8_BF16_MAX_BLOCKS 36

#define REDUCE_SCATTER_P8_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define REDUCE_SCATTER_P8_BF16_BYTES_input(B, N) (2 * (8 * (long long)(N)))
#define REDUCE_SCATTER_P8_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define REDUCE_SCATTER_P8_BF16_BYTES_sent(B, C) (4 * 8 * (arverify_ceil_div((long long)(C), 8) * 8))
#define REDUCE_SCATTER_P8_BF16_BYTES_arrived(B, C) (8 * (long long)(B) * 8)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 sent; /* all instances in rank order, this rank's included */
    arverify_instances_8 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} reduce_scatter_p8_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void reduce_scatter_p8_bf16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* all_gather_p2_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define ALL_GATHER_P2_F32_RANKS 2
#define ALL_GATHER_P2_F32_THREADS 512
#define ALL_GATHER_P2_F32_MAX_BLOCKS 36

#define ALL_GATHER_P2_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define ALL_GATHER_P2_F32_BYTES_input(B, N) (4 * (long long)(N))
#define ALL_GATHER_P2_F32_BYTES_output(B, N) (4 * (2 * (long long)(N)))
#define ALL_GATHER_P2_F32_BYTES_comm(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define ALL_GATHER_P2_F32_BYTES_arrived(B, C) (8 * (long long)(B) * 2)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 comm; /* all instances in rank order, this rank's included */
    arverify_instances_2 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} all_gather_p2_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void all_gather_p2_f32(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* all_gather_p2_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define ALL_GATHER_P2_F16_RANKS 2
#define ALL_GATHER_P2_F16_THREADS 512
#define ALL_GATHER_P2_F16_MAX_BLOCKS 36

#define ALL_GATHER_P2_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define ALL_GATHER_P2_F16_BYTES_input(B, N) (2 * (long long)(N))
#define ALL_GATHER_P2_F16_BYTES_output(B, N) (2 * (2 * (long long)(N)))
#define ALL_GATHER_P2_F16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define ALL_GATHER_P2_F16_BYTES_arrived(B, C) (8 * (long long)(B) * 2)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 comm; /* all instances in rank order, this rank's included */
    arverify_instances_2 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} all_gather_p2_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void all_gather_p2_f16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* all_gather_p2_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define ALL_GATHER_P2_BF16_RANKS 2
#define ALL_GATHER_P2_BF16_THREADS 512
#define ALL_GATHER_P2_BF16_MAX_BLOCKS 36

#define ALL_GATHER_P2_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define ALL_GATHER_P2_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define ALL_GATHER_P2_BF16_BYTES_output(B, N) (2 * (2 * (long long)(N)))
#define ALL_GATHER_P2_BF16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define ALL_GATHER_P2_BF16_BYTES_arrived(B, C) (8 * (long long)(B) * 2)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 comm; /* all instances in rank order, this rank's included */
    arverify_instances_2 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} all_gather_p2_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void all_gather_p2_bf16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* all_gather_p4_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define ALL_GATHER_P4_F32_RANKS 4
#define ALL_GATHER_P4_F32_THREADS 512
#define ALL_GATHER_P4_F32_MAX_BLOCKS 36

#define ALL_GATHER_P4_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define ALL_GATHER_P4_F32_BYTES_input(B, N) (4 * (long long)(N))
#define ALL_GATHER_P4_F32_BYTES_output(B, N) (4 * (4 * (long long)(N)))
#define ALL_GATHER_P4_F32_BYTES_comm(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define ALL_GATHER_P4_F32_BYTES_arrived(B, C) (8 * (long long)(B) * 4)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 comm; /* all instances in rank order, this rank's included */
    arverify_instances_4 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} all_gather_p4_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void all_gather_p4_f32(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* all_gather_p4_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define ALL_GATHER_P4_F16_RANKS 4
#define ALL_GATHER_P4_F16_THREADS 512
#define ALL_GATHER_P4_F16_MAX_BLOCKS 36

#define ALL_GATHER_P4_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define ALL_GATHER_P4_F16_BYTES_input(B, N) (2 * (long long)(N))
#define ALL_GATHER_P4_F16_BYTES_output(B, N) (2 * (4 * (long long)(N)))
#define ALL_GATHER_P4_F16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define ALL_GATHER_P4_F16_BYTES_arrived(B, C) (8 * (long long)(B) * 4)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 comm; /* all instances in rank order, this rank's included */
    arverify_instances_4 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} all_gather_p4_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void all_gather_p4_f16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* all_gather_p4_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define ALL_GATHER_P4_BF16_RANKS 4
#define ALL_GATHER_P4_BF16_THREADS 512
#define ALL_GATHER_P4_BF16_MAX_BLOCKS 36

#define ALL_GATHER_P4_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define ALL_GATHER_P4_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define ALL_GATHER_P4_BF16_BYTES_output(B, N) (2 * (4 * (long long)(N)))
#define ALL_GATHER_P4_BF16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define ALL_GATHER_P4_BF16_BYTES_arrived(B, C) (8 * (long long)(B) * 4)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 comm; /* all instances in rank order, this rank's included */
    arverify_instances_4 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} all_gather_p4_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void all_gather_p4_bf16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* all_gather_p8_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define ALL_GATHER_P8_F32_RANKS 8
#define ALL_GATHER_P8_F32_THREADS 512
#define ALL_GATHER_P8_F32_MAX_BLOCKS 36

#define ALL_GATHER_P8_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define ALL_GATHER_P8_F32_BYTES_input(B, N) (4 * (long long)(N))
#define ALL_GATHER_P8_F32_BYTES_output(B, N) (4 * (8 * (long long)(N)))
#define ALL_GATHER_P8_F32_BYTES_comm(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define ALL_GATHER_P8_F32_BYTES_arrived(B, C) (8 * (long long)(B) * 8)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 comm; /* all instances in rank order, this rank's included */
    arverify_instances_8 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} all_gather_p8_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void all_gather_p8_f32(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* all_gather_p8_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define ALL_GATHER_P8_F16_RANKS 8
#define ALL_GATHER_P8_F16_THREADS 512
#define ALL_GATHER_P8_F16_MAX_BLOCKS 36

#define ALL_GATHER_P8_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define ALL_GATHER_P8_F16_BYTES_input(B, N) (2 * (long long)(N))
#define ALL_GATHER_P8_F16_BYTES_output(B, N) (2 * (8 * (long long)(N)))
#define ALL_GATHER_P8_F16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define ALL_GATHER_P8_F16_BYTES_arrived(B, C) (8 * (long long)(B) * 8)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 comm; /* all instances in rank order, this rank's included */
    arverify_instances_8 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} all_gather_p8_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void all_gather_p8_f16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* all_gather_p8_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define ALL_GATHER_P8_BF16_RANKS 8
#define ALL_GATHER_P8_BF16_THREADS 512
#define ALL_GATHER_P8_BF16_MAX_BLOCKS 36

#define ALL_GATHER_P8_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define ALL_GATHER_P8_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define ALL_GATHER_P8_BF16_BYTES_output(B, N) (2 * (8 * (long long)(N)))
#define ALL_GATHER_P8_BF16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define ALL_GATHER_P8_BF16_BYTES_arrived(B, C) (8 * (long long)(B) * 8)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 comm; /* all instances in rank order, this rank's included */
    arverify_instances_8 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} all_gather_p8_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void all_gather_p8_bf16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* broadcast_p2_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define BROADCAST_P2_F32_RANKS 2
#define BROADCAST_P2_F32_THREADS 512
#define BROADCAST_P2_F32_MAX_BLOCKS 36

#define BROADCAST_P2_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define BROADCAST_P2_F32_BYTES_input(B, N) (4 * (long long)(N))
#define BROADCAST_P2_F32_BYTES_output(B, N) (4 * (long long)(N))
#define BROADCAST_P2_F32_BYTES_comm(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define BROADCAST_P2_F32_BYTES_ready(B, C) (4 * (long long)(B))
#define BROADCAST_P2_F32_BYTES_read(B, C) (4 * (long long)(B) * 2)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 comm; /* all instances in rank order, this rank's included */
    arverify_instances_2 ready; /* all instances in rank order, this rank's included */
    arverify_instances_2 read; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} broadcast_p2_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void broadcast_p2_f32(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* broadcast_p2_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define BROADCAST_P2_F16_RANKS 2
#define BROADCAST_P2_F16_THREADS 512
#define BROADCAST_P2_F16_MAX_BLOCKS 36

#define BROADCAST_P2_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define BROADCAST_P2_F16_BYTES_input(B, N) (2 * (long long)(N))
#define BROADCAST_P2_F16_BYTES_output(B, N) (2 * (long long)(N))
#define BROADCAST_P2_F16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define BROADCAST_P2_F16_BYTES_ready(B, C) (4 * (long long)(B))
#define BROADCAST_P2_F16_BYTES_read(B, C) (4 * (long long)(B) * 2)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 comm; /* all instances in rank order, this rank's included */
    arverify_instances_2 ready; /* all instances in rank order, this rank's included */
    arverify_instances_2 read; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} broadcast_p2_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void broadcast_p2_f16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* broadcast_p2_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define BROADCAST_P2_BF16_RANKS 2
#define BROADCAST_P2_BF16_THREADS 512
#define BROADCAST_P2_BF16_MAX_BLOCKS 36

#define BROADCAST_P2_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define BROADCAST_P2_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define BROADCAST_P2_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define BROADCAST_P2_BF16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define BROADCAST_P2_BF16_BYTES_ready(B, C) (4 * (long long)(B))
#define BROADCAST_P2_BF16_BYTES_read(B, C) (4 * (long long)(B) * 2)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 comm; /* all instances in rank order, this rank's included */
    arverify_instances_2 ready; /* all instances in rank order, this rank's included */
    arverify_instances_2 read; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} broadcast_p2_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void broadcast_p2_bf16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* broadcast_p4_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define BROADCAST_P4_F32_RANKS 4
#define BROADCAST_P4_F32_THREADS 512
#define BROADCAST_P4_F32_MAX_BLOCKS 36

#define BROADCAST_P4_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define BROADCAST_P4_F32_BYTES_input(B, N) (4 * (long long)(N))
#define BROADCAST_P4_F32_BYTES_output(B, N) (4 * (long long)(N))
#define BROADCAST_P4_F32_BYTES_comm(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define BROADCAST_P4_F32_BYTES_ready(B, C) (4 * (long long)(B))
#define BROADCAST_P4_F32_BYTES_read(B, C) (4 * (long long)(B) * 4)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 comm; /* all instances in rank order, this rank's included */
    arverify_instances_4 ready; /* all instances in rank order, this rank's included */
    arverify_instances_4 read; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} broadcast_p4_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void broadcast_p4_f32(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* broadcast_p4_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define BROADCAST_P4_F16_RANKS 4
#define BROADCAST_P4_F16_THREADS 512
#define BROADCAST_P4_F16_MAX_BLOCKS 36

#define BROADCAST_P4_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define BROADCAST_P4_F16_BYTES_input(B, N) (2 * (long long)(N))
#define BROADCAST_P4_F16_BYTES_output(B, N) (2 * (long long)(N))
#define BROADCAST_P4_F16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define BROADCAST_P4_F16_BYTES_ready(B, C) (4 * (long long)(B))
#define BROADCAST_P4_F16_BYTES_read(B, C) (4 * (long long)(B) * 4)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 comm; /* all instances in rank order, this rank's included */
    arverify_instances_4 ready; /* all instances in rank order, this rank's included */
    arverify_instances_4 read; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} broadcast_p4_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void broadcast_p4_f16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* broadcast_p4_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define BROADCAST_P4_BF16_RANKS 4
#define BROADCAST_P4_BF16_THREADS 512
#define BROADCAST_P4_BF16_MAX_BLOCKS 36

#define BROADCAST_P4_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define BROADCAST_P4_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define BROADCAST_P4_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define BROADCAST_P4_BF16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define BROADCAST_P4_BF16_BYTES_ready(B, C) (4 * (long long)(B))
#define BROADCAST_P4_BF16_BYTES_read(B, C) (4 * (long long)(B) * 4)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 comm; /* all instances in rank order, this rank's included */
    arverify_instances_4 ready; /* all instances in rank order, this rank's included */
    arverify_instances_4 read; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} broadcast_p4_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void broadcast_p4_bf16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* broadcast_p8_f32: grid = B, at most 36 blocks. Requires P <= T. */
#define BROADCAST_P8_F32_RANKS 8
#define BROADCAST_P8_F32_THREADS 512
#define BROADCAST_P8_F32_MAX_BLOCKS 36

#define BROADCAST_P8_F32_BYTES_counter(B, C) (4 * (long long)(B))
#define BROADCAST_P8_F32_BYTES_input(B, N) (4 * (long long)(N))
#define BROADCAST_P8_F32_BYTES_output(B, N) (4 * (long long)(N))
#define BROADCAST_P8_F32_BYTES_comm(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define BROADCAST_P8_F32_BYTES_ready(B, C) (4 * (long long)(B))
#define BROADCAST_P8_F32_BYTES_read(B, C) (4 * (long long)(B) * 8)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 comm; /* all instances in rank order, this rank's included */
    arverify_instances_8 ready; /* all instances in rank order, this rank's included */
    arverify_instances_8 read; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} broadcast_p8_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void broadcast_p8_f32(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* broadcast_p8_f16: grid = B, at most 36 blocks. Requires P <= T. */
#define BROADCAST_P8_F16_RANKS 8
#define BROADCAST_P8_F16_THREADS 512
#define BROADCAST_P8_F16_MAX_BLOCKS 36

#define BROADCAST_P8_F16_BYTES_counter(B, C) (4 * (long long)(B))
#define BROADCAST_P8_F16_BYTES_input(B, N) (2 * (long long)(N))
#define BROADCAST_P8_F16_BYTES_output(B, N) (2 * (long long)(N))
#define BROADCAST_P8_F16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define BROADCAST_P8_F16_BYTES_ready(B, C) (4 * (long long)(B))
#define BROADCAST_P8_F16_BYTES_read(B, C) (4 * (long long)(B) * 8)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 comm; /* all instances in rank order, this rank's included */
    arverify_instances_8 ready; /* all instances in rank order, this rank's included */
    arverify_instances_8 read; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} broadcast_p8_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void broadcast_p8_f16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* broadcast_p8_bf16: grid = B, at most 36 blocks. Requires P <= T. */
#define BROADCAST_P8_BF16_RANKS 8
#define BROADCAST_P8_BF16_THREADS 512
#define BROADCAST_P8_BF16_MAX_BLOCKS 36

#define BROADCAST_P8_BF16_BYTES_counter(B, C) (4 * (long long)(B))
#define BROADCAST_P8_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define BROADCAST_P8_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define BROADCAST_P8_BF16_BYTES_comm(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define BROADCAST_P8_BF16_BYTES_ready(B, C) (4 * (long long)(B))
#define BROADCAST_P8_BF16_BYTES_read(B, C) (4 * (long long)(B) * 8)
typedef struct {
    void *counter; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 comm; /* all instances in rank order, this rank's included */
    arverify_instances_8 ready; /* all instances in rank order, this rank's included */
    arverify_instances_8 read; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} broadcast_p8_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void broadcast_p8_bf16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* barrier_p2_f32: grid = 1, at most 36 blocks. Requires P <= T. */
#define BARRIER_P2_F32_RANKS 2
#define BARRIER_P2_F32_THREADS 512
#define BARRIER_P2_F32_MAX_BLOCKS 36

#define BARRIER_P2_F32_BYTES_counter(B, N) (4)
#define BARRIER_P2_F32_BYTES_arrived(B, N) (8 * 2)
typedef struct {
    void *counter; /* this rank's instance */
    arverify_instances_2 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} barrier_p2_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void barrier_p2_f32(
    void *,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* barrier_p2_f16: grid = 1, at most 36 blocks. Requires P <= T. */
#define BARRIER_P2_F16_RANKS 2
#define BARRIER_P2_F16_THREADS 512
#define BARRIER_P2_F16_MAX_BLOCKS 36

#define BARRIER_P2_F16_BYTES_counter(B, N) (4)
#define BARRIER_P2_F16_BYTES_arrived(B, N) (8 * 2)
typedef struct {
    void *counter; /* this rank's instance */
    arverify_instances_2 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} barrier_p2_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void barrier_p2_f16(
    void *,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* barrier_p2_bf16: grid = 1, at most 36 blocks. Requires P <= T. */
#define BARRIER_P2_BF16_RANKS 2
#define BARRIER_P2_BF16_THREADS 512
#define BARRIER_P2_BF16_MAX_BLOCKS 36

#define BARRIER_P2_BF16_BYTES_counter(B, N) (4)
#define BARRIER_P2_BF16_BYTES_arrived(B, N) (8 * 2)
typedef struct {
    void *counter; /* this rank's instance */
    arverify_instances_2 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} barrier_p2_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void barrier_p2_bf16(
    void *,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* barrier_p4_f32: grid = 1, at most 36 blocks. Requires P <= T. */
#define BARRIER_P4_F32_RANKS 4
#define BARRIER_P4_F32_THREADS 512
#define BARRIER_P4_F32_MAX_BLOCKS 36

#define BARRIER_P4_F32_BYTES_counter(B, N) (4)
#define BARRIER_P4_F32_BYTES_arrived(B, N) (8 * 4)
typedef struct {
    void *counter; /* this rank's instance */
    arverify_instances_4 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} barrier_p4_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void barrier_p4_f32(
    void *,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* barrier_p4_f16: grid = 1, at most 36 blocks. Requires P <= T. */
#define BARRIER_P4_F16_RANKS 4
#define BARRIER_P4_F16_THREADS 512
#define BARRIER_P4_F16_MAX_BLOCKS 36

#define BARRIER_P4_F16_BYTES_counter(B, N) (4)
#define BARRIER_P4_F16_BYTES_arrived(B, N) (8 * 4)
typedef struct {
    void *counter; /* this rank's instance */
    arverify_instances_4 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} barrier_p4_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void barrier_p4_f16(
    void *,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* barrier_p4_bf16: grid = 1, at most 36 blocks. Requires P <= T. */
#define BARRIER_P4_BF16_RANKS 4
#define BARRIER_P4_BF16_THREADS 512
#define BARRIER_P4_BF16_MAX_BLOCKS 36

#define BARRIER_P4_BF16_BYTES_counter(B, N) (4)
#define BARRIER_P4_BF16_BYTES_arrived(B, N) (8 * 4)
typedef struct {
    void *counter; /* this rank's instance */
    arverify_instances_4 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} barrier_p4_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void barrier_p4_bf16(
    void *,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* barrier_p8_f32: grid = 1, at most 36 blocks. Requires P <= T. */
#define BARRIER_P8_F32_RANKS 8
#define BARRIER_P8_F32_THREADS 512
#define BARRIER_P8_F32_MAX_BLOCKS 36

#define BARRIER_P8_F32_BYTES_counter(B, N) (4)
#define BARRIER_P8_F32_BYTES_arrived(B, N) (8 * 8)
typedef struct {
    void *counter; /* this rank's instance */
    arverify_instances_8 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} barrier_p8_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void barrier_p8_f32(
    void *,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* barrier_p8_f16: grid = 1, at most 36 blocks. Requires P <= T. */
#define BARRIER_P8_F16_RANKS 8
#define BARRIER_P8_F16_THREADS 512
#define BARRIER_P8_F16_MAX_BLOCKS 36

#define BARRIER_P8_F16_BYTES_counter(B, N) (4)
#define BARRIER_P8_F16_BYTES_arrived(B, N) (8 * 8)
typedef struct {
    void *counter; /* this rank's instance */
    arverify_instances_8 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} barrier_p8_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void barrier_p8_f16(
    void *,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* barrier_p8_bf16: grid = 1, at most 36 blocks. Requires P <= T. */
#define BARRIER_P8_BF16_RANKS 8
#define BARRIER_P8_BF16_THREADS 512
#define BARRIER_P8_BF16_MAX_BLOCKS 36

#define BARRIER_P8_BF16_BYTES_counter(B, N) (4)
#define BARRIER_P8_BF16_BYTES_arrived(B, N) (8 * 8)
typedef struct {
    void *counter; /* this rank's instance */
    arverify_instances_8 arrived; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} barrier_p8_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void barrier_p8_bf16(
    void *,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* send_recv_p2_f32: grid = B, at most 36 blocks. */
#define SEND_RECV_P2_F32_RANKS 2
#define SEND_RECV_P2_F32_THREADS 512
#define SEND_RECV_P2_F32_MAX_BLOCKS 36

#define SEND_RECV_P2_F32_BYTES_done(B, C) (4 * (long long)(B))
#define SEND_RECV_P2_F32_BYTES_input(B, N) (4 * (long long)(N))
#define SEND_RECV_P2_F32_BYTES_output(B, N) (4 * (long long)(N))
#define SEND_RECV_P2_F32_BYTES_queue(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define SEND_RECV_P2_F32_BYTES_number(B, C) (8 * (long long)(B))
#define SEND_RECV_P2_F32_BYTES_tail(B, C) (4 * (long long)(B))
#define SEND_RECV_P2_F32_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *done; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 queue; /* all instances in rank order, this rank's included */
    arverify_instances_2 number; /* all instances in rank order, this rank's included */
    arverify_instances_2 tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} send_recv_p2_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void send_recv_p2_f32(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* send_recv_p2_f16: grid = B, at most 36 blocks. */
#define SEND_RECV_P2_F16_RANKS 2
#define SEND_RECV_P2_F16_THREADS 512
#define SEND_RECV_P2_F16_MAX_BLOCKS 36

#define SEND_RECV_P2_F16_BYTES_done(B, C) (4 * (long long)(B))
#define SEND_RECV_P2_F16_BYTES_input(B, N) (2 * (long long)(N))
#define SEND_RECV_P2_F16_BYTES_output(B, N) (2 * (long long)(N))
#define SEND_RECV_P2_F16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define SEND_RECV_P2_F16_BYTES_number(B, C) (8 * (long long)(B))
#define SEND_RECV_P2_F16_BYTES_tail(B, C) (4 * (long long)(B))
#define SEND_RECV_P2_F16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *done; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 queue; /* all instances in rank order, this rank's included */
    arverify_instances_2 number; /* all instances in rank order, this rank's included */
    arverify_instances_2 tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} send_recv_p2_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void send_recv_p2_f16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* send_recv_p2_bf16: grid = B, at most 36 blocks. */
#define SEND_RECV_P2_BF16_RANKS 2
#define SEND_RECV_P2_BF16_THREADS 512
#define SEND_RECV_P2_BF16_MAX_BLOCKS 36

#define SEND_RECV_P2_BF16_BYTES_done(B, C) (4 * (long long)(B))
#define SEND_RECV_P2_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define SEND_RECV_P2_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define SEND_RECV_P2_BF16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define SEND_RECV_P2_BF16_BYTES_number(B, C) (8 * (long long)(B))
#define SEND_RECV_P2_BF16_BYTES_tail(B, C) (4 * (long long)(B))
#define SEND_RECV_P2_BF16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *done; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 queue; /* all instances in rank order, this rank's included */
    arverify_instances_2 number; /* all instances in rank order, this rank's included */
    arverify_instances_2 tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} send_recv_p2_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void send_recv_p2_bf16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* send_recv_p4_f32: grid = B, at most 36 blocks. */
#define SEND_RECV_P4_F32_RANKS 4
#define SEND_RECV_P4_F32_THREADS 512
#define SEND_RECV_P4_F32_MAX_BLOCKS 36

#define SEND_RECV_P4_F32_BYTES_done(B, C) (4 * (long long)(B))
#define SEND_RECV_P4_F32_BYTES_input(B, N) (4 * (long long)(N))
#define SEND_RECV_P4_F32_BYTES_output(B, N) (4 * (long long)(N))
#define SEND_RECV_P4_F32_BYTES_queue(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define SEND_RECV_P4_F32_BYTES_number(B, C) (8 * (long long)(B))
#define SEND_RECV_P4_F32_BYTES_tail(B, C) (4 * (long long)(B))
#define SEND_RECV_P4_F32_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *done; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 queue; /* all instances in rank order, this rank's included */
    arverify_instances_4 number; /* all instances in rank order, this rank's included */
    arverify_instances_4 tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} send_recv_p4_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void send_recv_p4_f32(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* send_recv_p4_f16: grid = B, at most 36 blocks. */
#define SEND_RECV_P4_F16_RANKS 4
#define SEND_RECV_P4_F16_THREADS 512
#define SEND_RECV_P4_F16_MAX_BLOCKS 36

#define SEND_RECV_P4_F16_BYTES_done(B, C) (4 * (long long)(B))
#define SEND_RECV_P4_F16_BYTES_input(B, N) (2 * (long long)(N))
#define SEND_RECV_P4_F16_BYTES_output(B, N) (2 * (long long)(N))
#define SEND_RECV_P4_F16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define SEND_RECV_P4_F16_BYTES_number(B, C) (8 * (long long)(B))
#define SEND_RECV_P4_F16_BYTES_tail(B, C) (4 * (long long)(B))
#define SEND_RECV_P4_F16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *done; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 queue; /* all instances in rank order, this rank's included */
    arverify_instances_4 number; /* all instances in rank order, this rank's included */
    arverify_instances_4 tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} send_recv_p4_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void send_recv_p4_f16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* send_recv_p4_bf16: grid = B, at most 36 blocks. */
#define SEND_RECV_P4_BF16_RANKS 4
#define SEND_RECV_P4_BF16_THREADS 512
#define SEND_RECV_P4_BF16_MAX_BLOCKS 36

#define SEND_RECV_P4_BF16_BYTES_done(B, C) (4 * (long long)(B))
#define SEND_RECV_P4_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define SEND_RECV_P4_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define SEND_RECV_P4_BF16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define SEND_RECV_P4_BF16_BYTES_number(B, C) (8 * (long long)(B))
#define SEND_RECV_P4_BF16_BYTES_tail(B, C) (4 * (long long)(B))
#define SEND_RECV_P4_BF16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *done; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 queue; /* all instances in rank order, this rank's included */
    arverify_instances_4 number; /* all instances in rank order, this rank's included */
    arverify_instances_4 tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} send_recv_p4_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void send_recv_p4_bf16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* send_recv_p8_f32: grid = B, at most 36 blocks. */
#define SEND_RECV_P8_F32_RANKS 8
#define SEND_RECV_P8_F32_THREADS 512
#define SEND_RECV_P8_F32_MAX_BLOCKS 36

#define SEND_RECV_P8_F32_BYTES_done(B, C) (4 * (long long)(B))
#define SEND_RECV_P8_F32_BYTES_input(B, N) (4 * (long long)(N))
#define SEND_RECV_P8_F32_BYTES_output(B, N) (4 * (long long)(N))
#define SEND_RECV_P8_F32_BYTES_queue(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define SEND_RECV_P8_F32_BYTES_number(B, C) (8 * (long long)(B))
#define SEND_RECV_P8_F32_BYTES_tail(B, C) (4 * (long long)(B))
#define SEND_RECV_P8_F32_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *done; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 queue; /* all instances in rank order, this rank's included */
    arverify_instances_8 number; /* all instances in rank order, this rank's included */
    arverify_instances_8 tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} send_recv_p8_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void send_recv_p8_f32(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* send_recv_p8_f16: grid = B, at most 36 blocks. */
#define SEND_RECV_P8_F16_RANKS 8
#define SEND_RECV_P8_F16_THREADS 512
#define SEND_RECV_P8_F16_MAX_BLOCKS 36

#define SEND_RECV_P8_F16_BYTES_done(B, C) (4 * (long long)(B))
#define SEND_RECV_P8_F16_BYTES_input(B, N) (2 * (long long)(N))
#define SEND_RECV_P8_F16_BYTES_output(B, N) (2 * (long long)(N))
#define SEND_RECV_P8_F16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define SEND_RECV_P8_F16_BYTES_number(B, C) (8 * (long long)(B))
#define SEND_RECV_P8_F16_BYTES_tail(B, C) (4 * (long long)(B))
#define SEND_RECV_P8_F16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *done; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 queue; /* all instances in rank order, this rank's included */
    arverify_instances_8 number; /* all instances in rank order, this rank's included */
    arverify_instances_8 tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} send_recv_p8_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void send_recv_p8_f16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* send_recv_p8_bf16: grid = B, at most 36 blocks. */
#define SEND_RECV_P8_BF16_RANKS 8
#define SEND_RECV_P8_BF16_THREADS 512
#define SEND_RECV_P8_BF16_MAX_BLOCKS 36

#define SEND_RECV_P8_BF16_BYTES_done(B, C) (4 * (long long)(B))
#define SEND_RECV_P8_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define SEND_RECV_P8_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define SEND_RECV_P8_BF16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define SEND_RECV_P8_BF16_BYTES_number(B, C) (8 * (long long)(B))
#define SEND_RECV_P8_BF16_BYTES_tail(B, C) (4 * (long long)(B))
#define SEND_RECV_P8_BF16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *done; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 queue; /* all instances in rank order, this rank's included */
    arverify_instances_8 number; /* all instances in rank order, this rank's included */
    arverify_instances_8 tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} send_recv_p8_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void send_recv_p8_bf16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_hello_p2_f32: grid = B, at most 36 blocks. */
#define CHANNEL_HELLO_P2_F32_RANKS 2
#define CHANNEL_HELLO_P2_F32_THREADS 512
#define CHANNEL_HELLO_P2_F32_MAX_BLOCKS 36

#define CHANNEL_HELLO_P2_F32_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P2_F32_BYTES_input(B, N) (4 * (long long)(N))
#define CHANNEL_HELLO_P2_F32_BYTES_output(B, N) (4 * (long long)(N))
#define CHANNEL_HELLO_P2_F32_BYTES_queue(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_HELLO_P2_F32_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_HELLO_P2_F32_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P2_F32_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 queue; /* all instances in rank order, this rank's included */
    arverify_instances_2 number; /* all instances in rank order, this rank's included */
    arverify_instances_2 tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_hello_p2_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_hello_p2_f32(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_hello_p2_f16: grid = B, at most 36 blocks. */
#define CHANNEL_HELLO_P2_F16_RANKS 2
#define CHANNEL_HELLO_P2_F16_THREADS 512
#define CHANNEL_HELLO_P2_F16_MAX_BLOCKS 36

#define CHANNEL_HELLO_P2_F16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P2_F16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_HELLO_P2_F16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_HELLO_P2_F16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_HELLO_P2_F16_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_HELLO_P2_F16_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P2_F16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 queue; /* all instances in rank order, this rank's included */
    arverify_instances_2 number; /* all instances in rank order, this rank's included */
    arverify_instances_2 tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_hello_p2_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_hello_p2_f16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_hello_p2_bf16: grid = B, at most 36 blocks. */
#define CHANNEL_HELLO_P2_BF16_RANKS 2
#define CHANNEL_HELLO_P2_BF16_THREADS 512
#define CHANNEL_HELLO_P2_BF16_MAX_BLOCKS 36

#define CHANNEL_HELLO_P2_BF16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P2_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_HELLO_P2_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_HELLO_P2_BF16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_HELLO_P2_BF16_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_HELLO_P2_BF16_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P2_BF16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 queue; /* all instances in rank order, this rank's included */
    arverify_instances_2 number; /* all instances in rank order, this rank's included */
    arverify_instances_2 tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_hello_p2_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_hello_p2_bf16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_hello_p4_f32: grid = B, at most 36 blocks. */
#define CHANNEL_HELLO_P4_F32_RANKS 4
#define CHANNEL_HELLO_P4_F32_THREADS 512
#define CHANNEL_HELLO_P4_F32_MAX_BLOCKS 36

#define CHANNEL_HELLO_P4_F32_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P4_F32_BYTES_input(B, N) (4 * (long long)(N))
#define CHANNEL_HELLO_P4_F32_BYTES_output(B, N) (4 * (long long)(N))
#define CHANNEL_HELLO_P4_F32_BYTES_queue(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_HELLO_P4_F32_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_HELLO_P4_F32_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P4_F32_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 queue; /* all instances in rank order, this rank's included */
    arverify_instances_4 number; /* all instances in rank order, this rank's included */
    arverify_instances_4 tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_hello_p4_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_hello_p4_f32(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_hello_p4_f16: grid = B, at most 36 blocks. */
#define CHANNEL_HELLO_P4_F16_RANKS 4
#define CHANNEL_HELLO_P4_F16_THREADS 512
#define CHANNEL_HELLO_P4_F16_MAX_BLOCKS 36

#define CHANNEL_HELLO_P4_F16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P4_F16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_HELLO_P4_F16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_HELLO_P4_F16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_HELLO_P4_F16_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_HELLO_P4_F16_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P4_F16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 queue; /* all instances in rank order, this rank's included */
    arverify_instances_4 number; /* all instances in rank order, this rank's included */
    arverify_instances_4 tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_hello_p4_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_hello_p4_f16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_hello_p4_bf16: grid = B, at most 36 blocks. */
#define CHANNEL_HELLO_P4_BF16_RANKS 4
#define CHANNEL_HELLO_P4_BF16_THREADS 512
#define CHANNEL_HELLO_P4_BF16_MAX_BLOCKS 36

#define CHANNEL_HELLO_P4_BF16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P4_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_HELLO_P4_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_HELLO_P4_BF16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_HELLO_P4_BF16_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_HELLO_P4_BF16_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P4_BF16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 queue; /* all instances in rank order, this rank's included */
    arverify_instances_4 number; /* all instances in rank order, this rank's included */
    arverify_instances_4 tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_hello_p4_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_hello_p4_bf16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_hello_p8_f32: grid = B, at most 36 blocks. */
#define CHANNEL_HELLO_P8_F32_RANKS 8
#define CHANNEL_HELLO_P8_F32_THREADS 512
#define CHANNEL_HELLO_P8_F32_MAX_BLOCKS 36

#define CHANNEL_HELLO_P8_F32_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P8_F32_BYTES_input(B, N) (4 * (long long)(N))
#define CHANNEL_HELLO_P8_F32_BYTES_output(B, N) (4 * (long long)(N))
#define CHANNEL_HELLO_P8_F32_BYTES_queue(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_HELLO_P8_F32_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_HELLO_P8_F32_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P8_F32_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 queue; /* all instances in rank order, this rank's included */
    arverify_instances_8 number; /* all instances in rank order, this rank's included */
    arverify_instances_8 tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_hello_p8_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_hello_p8_f32(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_hello_p8_f16: grid = B, at most 36 blocks. */
#define CHANNEL_HELLO_P8_F16_RANKS 8
#define CHANNEL_HELLO_P8_F16_THREADS 512
#define CHANNEL_HELLO_P8_F16_MAX_BLOCKS 36

#define CHANNEL_HELLO_P8_F16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P8_F16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_HELLO_P8_F16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_HELLO_P8_F16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_HELLO_P8_F16_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_HELLO_P8_F16_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P8_F16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 queue; /* all instances in rank order, this rank's included */
    arverify_instances_8 number; /* all instances in rank order, this rank's included */
    arverify_instances_8 tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_hello_p8_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_hello_p8_f16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_hello_p8_bf16: grid = B, at most 36 blocks. */
#define CHANNEL_HELLO_P8_BF16_RANKS 8
#define CHANNEL_HELLO_P8_BF16_THREADS 512
#define CHANNEL_HELLO_P8_BF16_MAX_BLOCKS 36

#define CHANNEL_HELLO_P8_BF16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P8_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_HELLO_P8_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_HELLO_P8_BF16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_HELLO_P8_BF16_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_HELLO_P8_BF16_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_HELLO_P8_BF16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 queue; /* all instances in rank order, this rank's included */
    arverify_instances_8 number; /* all instances in rank order, this rank's included */
    arverify_instances_8 tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_hello_p8_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_hello_p8_bf16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_ring_p2_f32: grid = B, at most 36 blocks. */
#define CHANNEL_RING_P2_F32_RANKS 2
#define CHANNEL_RING_P2_F32_THREADS 512
#define CHANNEL_RING_P2_F32_MAX_BLOCKS 36

#define CHANNEL_RING_P2_F32_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P2_F32_BYTES_input(B, N) (4 * (long long)(N))
#define CHANNEL_RING_P2_F32_BYTES_output(B, N) (4 * (long long)(N))
#define CHANNEL_RING_P2_F32_BYTES_queue(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_RING_P2_F32_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_RING_P2_F32_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P2_F32_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 queue; /* all instances in rank order, this rank's included */
    arverify_instances_2 number; /* all instances in rank order, this rank's included */
    arverify_instances_2 tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_ring_p2_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_ring_p2_f32(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_ring_p2_f16: grid = B, at most 36 blocks. */
#define CHANNEL_RING_P2_F16_RANKS 2
#define CHANNEL_RING_P2_F16_THREADS 512
#define CHANNEL_RING_P2_F16_MAX_BLOCKS 36

#define CHANNEL_RING_P2_F16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P2_F16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_RING_P2_F16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_RING_P2_F16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_RING_P2_F16_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_RING_P2_F16_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P2_F16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 queue; /* all instances in rank order, this rank's included */
    arverify_instances_2 number; /* all instances in rank order, this rank's included */
    arverify_instances_2 tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_ring_p2_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_ring_p2_f16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_ring_p2_bf16: grid = B, at most 36 blocks. */
#define CHANNEL_RING_P2_BF16_RANKS 2
#define CHANNEL_RING_P2_BF16_THREADS 512
#define CHANNEL_RING_P2_BF16_MAX_BLOCKS 36

#define CHANNEL_RING_P2_BF16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P2_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_RING_P2_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_RING_P2_BF16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_RING_P2_BF16_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_RING_P2_BF16_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P2_BF16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 queue; /* all instances in rank order, this rank's included */
    arverify_instances_2 number; /* all instances in rank order, this rank's included */
    arverify_instances_2 tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_ring_p2_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_ring_p2_bf16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_ring_p4_f32: grid = B, at most 36 blocks. */
#define CHANNEL_RING_P4_F32_RANKS 4
#define CHANNEL_RING_P4_F32_THREADS 512
#define CHANNEL_RING_P4_F32_MAX_BLOCKS 36

#define CHANNEL_RING_P4_F32_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P4_F32_BYTES_input(B, N) (4 * (long long)(N))
#define CHANNEL_RING_P4_F32_BYTES_output(B, N) (4 * (long long)(N))
#define CHANNEL_RING_P4_F32_BYTES_queue(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_RING_P4_F32_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_RING_P4_F32_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P4_F32_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 queue; /* all instances in rank order, this rank's included */
    arverify_instances_4 number; /* all instances in rank order, this rank's included */
    arverify_instances_4 tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_ring_p4_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_ring_p4_f32(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_ring_p4_f16: grid = B, at most 36 blocks. */
#define CHANNEL_RING_P4_F16_RANKS 4
#define CHANNEL_RING_P4_F16_THREADS 512
#define CHANNEL_RING_P4_F16_MAX_BLOCKS 36

#define CHANNEL_RING_P4_F16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P4_F16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_RING_P4_F16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_RING_P4_F16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_RING_P4_F16_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_RING_P4_F16_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P4_F16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 queue; /* all instances in rank order, this rank's included */
    arverify_instances_4 number; /* all instances in rank order, this rank's included */
    arverify_instances_4 tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_ring_p4_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_ring_p4_f16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_ring_p4_bf16: grid = B, at most 36 blocks. */
#define CHANNEL_RING_P4_BF16_RANKS 4
#define CHANNEL_RING_P4_BF16_THREADS 512
#define CHANNEL_RING_P4_BF16_MAX_BLOCKS 36

#define CHANNEL_RING_P4_BF16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P4_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_RING_P4_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_RING_P4_BF16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_RING_P4_BF16_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_RING_P4_BF16_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P4_BF16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 queue; /* all instances in rank order, this rank's included */
    arverify_instances_4 number; /* all instances in rank order, this rank's included */
    arverify_instances_4 tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_ring_p4_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_ring_p4_bf16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_ring_p8_f32: grid = B, at most 36 blocks. */
#define CHANNEL_RING_P8_F32_RANKS 8
#define CHANNEL_RING_P8_F32_THREADS 512
#define CHANNEL_RING_P8_F32_MAX_BLOCKS 36

#define CHANNEL_RING_P8_F32_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P8_F32_BYTES_input(B, N) (4 * (long long)(N))
#define CHANNEL_RING_P8_F32_BYTES_output(B, N) (4 * (long long)(N))
#define CHANNEL_RING_P8_F32_BYTES_queue(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_RING_P8_F32_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_RING_P8_F32_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P8_F32_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 queue; /* all instances in rank order, this rank's included */
    arverify_instances_8 number; /* all instances in rank order, this rank's included */
    arverify_instances_8 tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_ring_p8_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_ring_p8_f32(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_ring_p8_f16: grid = B, at most 36 blocks. */
#define CHANNEL_RING_P8_F16_RANKS 8
#define CHANNEL_RING_P8_F16_THREADS 512
#define CHANNEL_RING_P8_F16_MAX_BLOCKS 36

#define CHANNEL_RING_P8_F16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P8_F16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_RING_P8_F16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_RING_P8_F16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_RING_P8_F16_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_RING_P8_F16_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P8_F16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 queue; /* all instances in rank order, this rank's included */
    arverify_instances_8 number; /* all instances in rank order, this rank's included */
    arverify_instances_8 tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_ring_p8_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_ring_p8_f16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_ring_p8_bf16: grid = B, at most 36 blocks. */
#define CHANNEL_RING_P8_BF16_RANKS 8
#define CHANNEL_RING_P8_BF16_THREADS 512
#define CHANNEL_RING_P8_BF16_MAX_BLOCKS 36

#define CHANNEL_RING_P8_BF16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P8_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_RING_P8_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_RING_P8_BF16_BYTES_queue(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_RING_P8_BF16_BYTES_number(B, C) (8 * (long long)(B))
#define CHANNEL_RING_P8_BF16_BYTES_tail(B, C) (4 * (long long)(B))
#define CHANNEL_RING_P8_BF16_BYTES_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 queue; /* all instances in rank order, this rank's included */
    arverify_instances_8 number; /* all instances in rank order, this rank's included */
    arverify_instances_8 tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_ring_p8_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_ring_p8_bf16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_mesh_p2_f32: grid = B, at most 36 blocks. */
#define CHANNEL_MESH_P2_F32_RANKS 2
#define CHANNEL_MESH_P2_F32_THREADS 512
#define CHANNEL_MESH_P2_F32_MAX_BLOCKS 36

#define CHANNEL_MESH_P2_F32_BYTES_sent_east(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P2_F32_BYTES_sent_south(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P2_F32_BYTES_input(B, N) (4 * (long long)(N))
#define CHANNEL_MESH_P2_F32_BYTES_output(B, N) (4 * (long long)(N))
#define CHANNEL_MESH_P2_F32_BYTES_tile(B, C) (4 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_MESH_P2_F32_BYTES_from_west(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_MESH_P2_F32_BYTES_west_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P2_F32_BYTES_east_head(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P2_F32_BYTES_from_north(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_MESH_P2_F32_BYTES_north_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P2_F32_BYTES_south_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent_east; /* this rank's instance */
    void *sent_south; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    void *tile; /* this rank's instance */
    arverify_instances_2 from_west; /* all instances in rank order, this rank's included */
    arverify_instances_2 west_tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 east_head; /* all instances in rank order, this rank's included */
    arverify_instances_2 from_north; /* all instances in rank order, this rank's included */
    arverify_instances_2 north_tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 south_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_mesh_p2_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_mesh_p2_f32(
    void *,
    void *,
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_mesh_p2_f16: grid = B, at most 36 blocks. */
#define CHANNEL_MESH_P2_F16_RANKS 2
#define CHANNEL_MESH_P2_F16_THREADS 512
#define CHANNEL_MESH_P2_F16_MAX_BLOCKS 36

#define CHANNEL_MESH_P2_F16_BYTES_sent_east(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P2_F16_BYTES_sent_south(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P2_F16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_MESH_P2_F16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_MESH_P2_F16_BYTES_tile(B, C) (2 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P2_F16_BYTES_from_west(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P2_F16_BYTES_west_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P2_F16_BYTES_east_head(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P2_F16_BYTES_from_north(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P2_F16_BYTES_north_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P2_F16_BYTES_south_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent_east; /* this rank's instance */
    void *sent_south; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    void *tile; /* this rank's instance */
    arverify_instances_2 from_west; /* all instances in rank order, this rank's included */
    arverify_instances_2 west_tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 east_head; /* all instances in rank order, this rank's included */
    arverify_instances_2 from_north; /* all instances in rank order, this rank's included */
    arverify_instances_2 north_tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 south_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_mesh_p2_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_mesh_p2_f16(
    void *,
    void *,
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_mesh_p2_bf16: grid = B, at most 36 blocks. */
#define CHANNEL_MESH_P2_BF16_RANKS 2
#define CHANNEL_MESH_P2_BF16_THREADS 512
#define CHANNEL_MESH_P2_BF16_MAX_BLOCKS 36

#define CHANNEL_MESH_P2_BF16_BYTES_sent_east(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P2_BF16_BYTES_sent_south(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P2_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_MESH_P2_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_MESH_P2_BF16_BYTES_tile(B, C) (2 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P2_BF16_BYTES_from_west(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P2_BF16_BYTES_west_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P2_BF16_BYTES_east_head(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P2_BF16_BYTES_from_north(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P2_BF16_BYTES_north_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P2_BF16_BYTES_south_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent_east; /* this rank's instance */
    void *sent_south; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    void *tile; /* this rank's instance */
    arverify_instances_2 from_west; /* all instances in rank order, this rank's included */
    arverify_instances_2 west_tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 east_head; /* all instances in rank order, this rank's included */
    arverify_instances_2 from_north; /* all instances in rank order, this rank's included */
    arverify_instances_2 north_tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 south_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_mesh_p2_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_mesh_p2_bf16(
    void *,
    void *,
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_mesh_p4_f32: grid = B, at most 36 blocks. */
#define CHANNEL_MESH_P4_F32_RANKS 4
#define CHANNEL_MESH_P4_F32_THREADS 512
#define CHANNEL_MESH_P4_F32_MAX_BLOCKS 36

#define CHANNEL_MESH_P4_F32_BYTES_sent_east(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P4_F32_BYTES_sent_south(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P4_F32_BYTES_input(B, N) (4 * (long long)(N))
#define CHANNEL_MESH_P4_F32_BYTES_output(B, N) (4 * (long long)(N))
#define CHANNEL_MESH_P4_F32_BYTES_tile(B, C) (4 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_MESH_P4_F32_BYTES_from_west(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_MESH_P4_F32_BYTES_west_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P4_F32_BYTES_east_head(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P4_F32_BYTES_from_north(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_MESH_P4_F32_BYTES_north_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P4_F32_BYTES_south_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent_east; /* this rank's instance */
    void *sent_south; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    void *tile; /* this rank's instance */
    arverify_instances_4 from_west; /* all instances in rank order, this rank's included */
    arverify_instances_4 west_tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 east_head; /* all instances in rank order, this rank's included */
    arverify_instances_4 from_north; /* all instances in rank order, this rank's included */
    arverify_instances_4 north_tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 south_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_mesh_p4_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_mesh_p4_f32(
    void *,
    void *,
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_mesh_p4_f16: grid = B, at most 36 blocks. */
#define CHANNEL_MESH_P4_F16_RANKS 4
#define CHANNEL_MESH_P4_F16_THREADS 512
#define CHANNEL_MESH_P4_F16_MAX_BLOCKS 36

#define CHANNEL_MESH_P4_F16_BYTES_sent_east(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P4_F16_BYTES_sent_south(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P4_F16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_MESH_P4_F16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_MESH_P4_F16_BYTES_tile(B, C) (2 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P4_F16_BYTES_from_west(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P4_F16_BYTES_west_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P4_F16_BYTES_east_head(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P4_F16_BYTES_from_north(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P4_F16_BYTES_north_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P4_F16_BYTES_south_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent_east; /* this rank's instance */
    void *sent_south; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    void *tile; /* this rank's instance */
    arverify_instances_4 from_west; /* all instances in rank order, this rank's included */
    arverify_instances_4 west_tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 east_head; /* all instances in rank order, this rank's included */
    arverify_instances_4 from_north; /* all instances in rank order, this rank's included */
    arverify_instances_4 north_tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 south_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_mesh_p4_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_mesh_p4_f16(
    void *,
    void *,
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_mesh_p4_bf16: grid = B, at most 36 blocks. */
#define CHANNEL_MESH_P4_BF16_RANKS 4
#define CHANNEL_MESH_P4_BF16_THREADS 512
#define CHANNEL_MESH_P4_BF16_MAX_BLOCKS 36

#define CHANNEL_MESH_P4_BF16_BYTES_sent_east(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P4_BF16_BYTES_sent_south(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P4_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_MESH_P4_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_MESH_P4_BF16_BYTES_tile(B, C) (2 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P4_BF16_BYTES_from_west(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P4_BF16_BYTES_west_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P4_BF16_BYTES_east_head(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P4_BF16_BYTES_from_north(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P4_BF16_BYTES_north_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P4_BF16_BYTES_south_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent_east; /* this rank's instance */
    void *sent_south; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    void *tile; /* this rank's instance */
    arverify_instances_4 from_west; /* all instances in rank order, this rank's included */
    arverify_instances_4 west_tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 east_head; /* all instances in rank order, this rank's included */
    arverify_instances_4 from_north; /* all instances in rank order, this rank's included */
    arverify_instances_4 north_tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 south_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_mesh_p4_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_mesh_p4_bf16(
    void *,
    void *,
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_mesh_p8_f32: grid = B, at most 36 blocks. */
#define CHANNEL_MESH_P8_F32_RANKS 8
#define CHANNEL_MESH_P8_F32_THREADS 512
#define CHANNEL_MESH_P8_F32_MAX_BLOCKS 36

#define CHANNEL_MESH_P8_F32_BYTES_sent_east(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P8_F32_BYTES_sent_south(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P8_F32_BYTES_input(B, N) (4 * (long long)(N))
#define CHANNEL_MESH_P8_F32_BYTES_output(B, N) (4 * (long long)(N))
#define CHANNEL_MESH_P8_F32_BYTES_tile(B, C) (4 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_MESH_P8_F32_BYTES_from_west(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_MESH_P8_F32_BYTES_west_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P8_F32_BYTES_east_head(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P8_F32_BYTES_from_north(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_MESH_P8_F32_BYTES_north_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P8_F32_BYTES_south_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent_east; /* this rank's instance */
    void *sent_south; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    void *tile; /* this rank's instance */
    arverify_instances_8 from_west; /* all instances in rank order, this rank's included */
    arverify_instances_8 west_tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 east_head; /* all instances in rank order, this rank's included */
    arverify_instances_8 from_north; /* all instances in rank order, this rank's included */
    arverify_instances_8 north_tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 south_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_mesh_p8_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_mesh_p8_f32(
    void *,
    void *,
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_mesh_p8_f16: grid = B, at most 36 blocks. */
#define CHANNEL_MESH_P8_F16_RANKS 8
#define CHANNEL_MESH_P8_F16_THREADS 512
#define CHANNEL_MESH_P8_F16_MAX_BLOCKS 36

#define CHANNEL_MESH_P8_F16_BYTES_sent_east(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P8_F16_BYTES_sent_south(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P8_F16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_MESH_P8_F16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_MESH_P8_F16_BYTES_tile(B, C) (2 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P8_F16_BYTES_from_west(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P8_F16_BYTES_west_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P8_F16_BYTES_east_head(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P8_F16_BYTES_from_north(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P8_F16_BYTES_north_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P8_F16_BYTES_south_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent_east; /* this rank's instance */
    void *sent_south; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    void *tile; /* this rank's instance */
    arverify_instances_8 from_west; /* all instances in rank order, this rank's included */
    arverify_instances_8 west_tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 east_head; /* all instances in rank order, this rank's included */
    arverify_instances_8 from_north; /* all instances in rank order, this rank's included */
    arverify_instances_8 north_tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 south_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_mesh_p8_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_mesh_p8_f16(
    void *,
    void *,
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_mesh_p8_bf16: grid = B, at most 36 blocks. */
#define CHANNEL_MESH_P8_BF16_RANKS 8
#define CHANNEL_MESH_P8_BF16_THREADS 512
#define CHANNEL_MESH_P8_BF16_MAX_BLOCKS 36

#define CHANNEL_MESH_P8_BF16_BYTES_sent_east(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P8_BF16_BYTES_sent_south(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P8_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_MESH_P8_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_MESH_P8_BF16_BYTES_tile(B, C) (2 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P8_BF16_BYTES_from_west(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P8_BF16_BYTES_west_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P8_BF16_BYTES_east_head(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P8_BF16_BYTES_from_north(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_MESH_P8_BF16_BYTES_north_tail(B, C) (4 * (long long)(B))
#define CHANNEL_MESH_P8_BF16_BYTES_south_head(B, C) (4 * (long long)(B))
typedef struct {
    void *sent_east; /* this rank's instance */
    void *sent_south; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    void *tile; /* this rank's instance */
    arverify_instances_8 from_west; /* all instances in rank order, this rank's included */
    arverify_instances_8 west_tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 east_head; /* all instances in rank order, this rank's included */
    arverify_instances_8 from_north; /* all instances in rank order, this rank's included */
    arverify_instances_8 north_tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 south_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_mesh_p8_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_mesh_p8_bf16(
    void *,
    void *,
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_tree_p2_f32: grid = B, at most 36 blocks. */
#define CHANNEL_TREE_P2_F32_RANKS 2
#define CHANNEL_TREE_P2_F32_THREADS 512
#define CHANNEL_TREE_P2_F32_MAX_BLOCKS 36

#define CHANNEL_TREE_P2_F32_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P2_F32_BYTES_input(B, N) (4 * (long long)(N))
#define CHANNEL_TREE_P2_F32_BYTES_output(B, N) (4 * (long long)(N))
#define CHANNEL_TREE_P2_F32_BYTES_sums(B, C) (16 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_TREE_P2_F32_BYTES_sums_tail(B, C) (8 * (long long)(B))
#define CHANNEL_TREE_P2_F32_BYTES_sums_head(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P2_F32_BYTES_result(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_TREE_P2_F32_BYTES_result_tail(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P2_F32_BYTES_result_head(B, C) (8 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 sums; /* all instances in rank order, this rank's included */
    arverify_instances_2 sums_tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 sums_head; /* all instances in rank order, this rank's included */
    arverify_instances_2 result; /* all instances in rank order, this rank's included */
    arverify_instances_2 result_tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 result_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_tree_p2_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_tree_p2_f32(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_tree_p2_f16: grid = B, at most 36 blocks. */
#define CHANNEL_TREE_P2_F16_RANKS 2
#define CHANNEL_TREE_P2_F16_THREADS 512
#define CHANNEL_TREE_P2_F16_MAX_BLOCKS 36

#define CHANNEL_TREE_P2_F16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P2_F16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_TREE_P2_F16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_TREE_P2_F16_BYTES_sums(B, C) (8 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_TREE_P2_F16_BYTES_sums_tail(B, C) (8 * (long long)(B))
#define CHANNEL_TREE_P2_F16_BYTES_sums_head(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P2_F16_BYTES_result(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_TREE_P2_F16_BYTES_result_tail(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P2_F16_BYTES_result_head(B, C) (8 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 sums; /* all instances in rank order, this rank's included */
    arverify_instances_2 sums_tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 sums_head; /* all instances in rank order, this rank's included */
    arverify_instances_2 result; /* all instances in rank order, this rank's included */
    arverify_instances_2 result_tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 result_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_tree_p2_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_tree_p2_f16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_tree_p2_bf16: grid = B, at most 36 blocks. */
#define CHANNEL_TREE_P2_BF16_RANKS 2
#define CHANNEL_TREE_P2_BF16_THREADS 512
#define CHANNEL_TREE_P2_BF16_MAX_BLOCKS 36

#define CHANNEL_TREE_P2_BF16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P2_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_TREE_P2_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_TREE_P2_BF16_BYTES_sums(B, C) (8 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_TREE_P2_BF16_BYTES_sums_tail(B, C) (8 * (long long)(B))
#define CHANNEL_TREE_P2_BF16_BYTES_sums_head(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P2_BF16_BYTES_result(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_TREE_P2_BF16_BYTES_result_tail(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P2_BF16_BYTES_result_head(B, C) (8 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_2 sums; /* all instances in rank order, this rank's included */
    arverify_instances_2 sums_tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 sums_head; /* all instances in rank order, this rank's included */
    arverify_instances_2 result; /* all instances in rank order, this rank's included */
    arverify_instances_2 result_tail; /* all instances in rank order, this rank's included */
    arverify_instances_2 result_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_tree_p2_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_tree_p2_bf16(
    void *,
    void *,
    void *,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    arverify_instances_2,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_tree_p4_f32: grid = B, at most 36 blocks. */
#define CHANNEL_TREE_P4_F32_RANKS 4
#define CHANNEL_TREE_P4_F32_THREADS 512
#define CHANNEL_TREE_P4_F32_MAX_BLOCKS 36

#define CHANNEL_TREE_P4_F32_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P4_F32_BYTES_input(B, N) (4 * (long long)(N))
#define CHANNEL_TREE_P4_F32_BYTES_output(B, N) (4 * (long long)(N))
#define CHANNEL_TREE_P4_F32_BYTES_sums(B, C) (16 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_TREE_P4_F32_BYTES_sums_tail(B, C) (8 * (long long)(B))
#define CHANNEL_TREE_P4_F32_BYTES_sums_head(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P4_F32_BYTES_result(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_TREE_P4_F32_BYTES_result_tail(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P4_F32_BYTES_result_head(B, C) (8 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 sums; /* all instances in rank order, this rank's included */
    arverify_instances_4 sums_tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 sums_head; /* all instances in rank order, this rank's included */
    arverify_instances_4 result; /* all instances in rank order, this rank's included */
    arverify_instances_4 result_tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 result_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_tree_p4_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_tree_p4_f32(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_tree_p4_f16: grid = B, at most 36 blocks. */
#define CHANNEL_TREE_P4_F16_RANKS 4
#define CHANNEL_TREE_P4_F16_THREADS 512
#define CHANNEL_TREE_P4_F16_MAX_BLOCKS 36

#define CHANNEL_TREE_P4_F16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P4_F16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_TREE_P4_F16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_TREE_P4_F16_BYTES_sums(B, C) (8 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_TREE_P4_F16_BYTES_sums_tail(B, C) (8 * (long long)(B))
#define CHANNEL_TREE_P4_F16_BYTES_sums_head(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P4_F16_BYTES_result(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_TREE_P4_F16_BYTES_result_tail(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P4_F16_BYTES_result_head(B, C) (8 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 sums; /* all instances in rank order, this rank's included */
    arverify_instances_4 sums_tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 sums_head; /* all instances in rank order, this rank's included */
    arverify_instances_4 result; /* all instances in rank order, this rank's included */
    arverify_instances_4 result_tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 result_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_tree_p4_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_tree_p4_f16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_tree_p4_bf16: grid = B, at most 36 blocks. */
#define CHANNEL_TREE_P4_BF16_RANKS 4
#define CHANNEL_TREE_P4_BF16_THREADS 512
#define CHANNEL_TREE_P4_BF16_MAX_BLOCKS 36

#define CHANNEL_TREE_P4_BF16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P4_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_TREE_P4_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_TREE_P4_BF16_BYTES_sums(B, C) (8 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_TREE_P4_BF16_BYTES_sums_tail(B, C) (8 * (long long)(B))
#define CHANNEL_TREE_P4_BF16_BYTES_sums_head(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P4_BF16_BYTES_result(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_TREE_P4_BF16_BYTES_result_tail(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P4_BF16_BYTES_result_head(B, C) (8 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_4 sums; /* all instances in rank order, this rank's included */
    arverify_instances_4 sums_tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 sums_head; /* all instances in rank order, this rank's included */
    arverify_instances_4 result; /* all instances in rank order, this rank's included */
    arverify_instances_4 result_tail; /* all instances in rank order, this rank's included */
    arverify_instances_4 result_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_tree_p4_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_tree_p4_bf16(
    void *,
    void *,
    void *,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    arverify_instances_4,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_tree_p8_f32: grid = B, at most 36 blocks. */
#define CHANNEL_TREE_P8_F32_RANKS 8
#define CHANNEL_TREE_P8_F32_THREADS 512
#define CHANNEL_TREE_P8_F32_MAX_BLOCKS 36

#define CHANNEL_TREE_P8_F32_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P8_F32_BYTES_input(B, N) (4 * (long long)(N))
#define CHANNEL_TREE_P8_F32_BYTES_output(B, N) (4 * (long long)(N))
#define CHANNEL_TREE_P8_F32_BYTES_sums(B, C) (16 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_TREE_P8_F32_BYTES_sums_tail(B, C) (8 * (long long)(B))
#define CHANNEL_TREE_P8_F32_BYTES_sums_head(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P8_F32_BYTES_result(B, C) (8 * (arverify_ceil_div((long long)(C), 4) * 4))
#define CHANNEL_TREE_P8_F32_BYTES_result_tail(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P8_F32_BYTES_result_head(B, C) (8 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 sums; /* all instances in rank order, this rank's included */
    arverify_instances_8 sums_tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 sums_head; /* all instances in rank order, this rank's included */
    arverify_instances_8 result; /* all instances in rank order, this rank's included */
    arverify_instances_8 result_tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 result_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_tree_p8_f32_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_tree_p8_f32(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_tree_p8_f16: grid = B, at most 36 blocks. */
#define CHANNEL_TREE_P8_F16_RANKS 8
#define CHANNEL_TREE_P8_F16_THREADS 512
#define CHANNEL_TREE_P8_F16_MAX_BLOCKS 36

#define CHANNEL_TREE_P8_F16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P8_F16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_TREE_P8_F16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_TREE_P8_F16_BYTES_sums(B, C) (8 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_TREE_P8_F16_BYTES_sums_tail(B, C) (8 * (long long)(B))
#define CHANNEL_TREE_P8_F16_BYTES_sums_head(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P8_F16_BYTES_result(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_TREE_P8_F16_BYTES_result_tail(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P8_F16_BYTES_result_head(B, C) (8 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 sums; /* all instances in rank order, this rank's included */
    arverify_instances_8 sums_tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 sums_head; /* all instances in rank order, this rank's included */
    arverify_instances_8 result; /* all instances in rank order, this rank's included */
    arverify_instances_8 result_tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 result_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_tree_p8_f16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_tree_p8_f16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

/* channel_tree_p8_bf16: grid = B, at most 36 blocks. */
#define CHANNEL_TREE_P8_BF16_RANKS 8
#define CHANNEL_TREE_P8_BF16_THREADS 512
#define CHANNEL_TREE_P8_BF16_MAX_BLOCKS 36

#define CHANNEL_TREE_P8_BF16_BYTES_sent(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P8_BF16_BYTES_input(B, N) (2 * (long long)(N))
#define CHANNEL_TREE_P8_BF16_BYTES_output(B, N) (2 * (long long)(N))
#define CHANNEL_TREE_P8_BF16_BYTES_sums(B, C) (8 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_TREE_P8_BF16_BYTES_sums_tail(B, C) (8 * (long long)(B))
#define CHANNEL_TREE_P8_BF16_BYTES_sums_head(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P8_BF16_BYTES_result(B, C) (4 * (arverify_ceil_div((long long)(C), 8) * 8))
#define CHANNEL_TREE_P8_BF16_BYTES_result_tail(B, C) (4 * (long long)(B))
#define CHANNEL_TREE_P8_BF16_BYTES_result_head(B, C) (8 * (long long)(B))
typedef struct {
    void *sent; /* this rank's instance */
    void *input; /* this rank's instance */
    void *output; /* this rank's instance */
    arverify_instances_8 sums; /* all instances in rank order, this rank's included */
    arverify_instances_8 sums_tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 sums_head; /* all instances in rank order, this rank's included */
    arverify_instances_8 result; /* all instances in rank order, this rank's included */
    arverify_instances_8 result_tail; /* all instances in rank order, this rank's included */
    arverify_instances_8 result_head; /* all instances in rank order, this rank's included */
    uint32_t rank; /* this rank */
    uint32_t blocks; /* B, what buffers and pads were sized for */
    uint64_t capacity; /* C, what buffers were sized for: the most that N may be in any launch */
    uint64_t elements; /* N, of this launch */
    uint64_t deadline_ns; /* how long one await may take, 0 for ever */
    uint32_t *status; /* ARVERIFY_STATUS_WORDS words of this rank, zero before the launch */
} channel_tree_p8_bf16_parameters;

#ifdef __CUDACC__
extern "C" __global__ void channel_tree_p8_bf16(
    void *,
    void *,
    void *,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    arverify_instances_8,
    uint32_t,
    uint32_t,
    uint64_t,
    uint64_t,
    uint64_t,
    uint32_t *
);
#endif

#endif
