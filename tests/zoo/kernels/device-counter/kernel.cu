// Flag barrier whose epoch is counted on the device: a captured graph launches it with the same parameters each time.
constexpr unsigned P = 2, N = 8;

static __device__ __forceinline__ void raise(unsigned* flag, unsigned value) {
#ifdef RELAXED_FLAGS
  asm volatile("st.relaxed.sys.global.u32 [%0], %1;" ::"l"(flag), "r"(value) : "memory");
#else
  asm volatile("st.release.sys.global.u32 [%0], %1;" ::"l"(flag), "r"(value) : "memory");
#endif
}
static __device__ __forceinline__ unsigned poll(const unsigned* flag) {
  unsigned seen;
  asm volatile("ld.acquire.sys.global.u32 %0, [%1];" : "=r"(seen) : "l"(flag) : "memory");
  return seen;
}

extern "C" __global__ void oneshot(const unsigned* input, unsigned* output, unsigned* const* comm,
                                   unsigned* const* flags, unsigned* counter, unsigned rank) {
  const unsigned t = threadIdx.x;
  const unsigned epoch = *counter + 1;
  for (unsigned i = t; i < N; i += blockDim.x) comm[rank][i] = input[i];
#ifndef NO_BLOCK_SYNC
  __syncthreads();
#endif
  if (t < P) {
    raise(flags[t] + rank, 2 * epoch - 1);
    while ((int)(poll(flags[rank] + t) - (2 * epoch - 1)) < 0) {}
  }
  __syncthreads();
  for (unsigned i = t; i < N; i += blockDim.x) output[i] = comm[0][i] + comm[1][i];
  __syncthreads();
  if (t < P) {
    raise(flags[t] + rank, 2 * epoch);
    while ((int)(poll(flags[rank] + t) - 2 * epoch) < 0) {}
#ifdef RESET_FLAGS
    asm volatile("st.relaxed.sys.global.u32 [%0], %1;" ::"l"(flags[rank] + t), "r"(0) : "memory");
#endif
  }
#ifdef RESET_FLAGS
  // Flags are 0 again, so every launch may count from the start.
#elif !defined(NOT_COUNTED)
  __syncthreads();
  if (t == 0) *counter = epoch;
#endif
}
