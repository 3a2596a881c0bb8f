// Each thread copies its words to shared memory two rows ahead, a group for each row, and hands them to its neighbour once
// the oldest group is complete and the block has met.
constexpr unsigned ROWS = 3, N = 4;

static __device__ __forceinline__ void copy(unsigned* to, const unsigned* from) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"((unsigned)__cvta_generic_to_shared(to)), "l"(from) : "memory");
}
static __device__ __forceinline__ void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int REMAINING> static __device__ __forceinline__ void wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(REMAINING) : "memory");
}

extern "C" __global__ void rotate(const unsigned* input, unsigned* output) {
  __shared__ __align__(16) unsigned row[ROWS][N];
  const unsigned t = threadIdx.x;
  for (unsigned r = 0; r < ROWS; ++r) {
    copy(&row[r][t], &input[r * N + t]);
#ifndef ONE_GROUP_ONLY
    commit();
#endif
  }
#ifdef ONE_GROUP_ONLY
  commit();
#endif
#pragma unroll
  for (unsigned r = 0; r < ROWS; ++r) {
#ifdef ONE_GROUP_TOO_MANY
    if (r == 0) wait<2>(); else if (r == 1) wait<2>(); else wait<0>();
#else
    if (r == 0) wait<2>(); else if (r == 1) wait<1>(); else wait<0>();
#endif
#ifndef NO_BARRIER
    __syncthreads();
#endif
    output[r * N + t] = row[r][(t + 1) % N];
  }
}
