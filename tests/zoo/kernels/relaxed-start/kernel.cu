// All-reduce over registered inputs: peers' inputs are read in place. The start flags are relaxed, so nothing but the
// launch boundary orders what wrote an input before the peers' reads of it. The epoch is counted on the device.
constexpr unsigned P = 2, N = 8;

static __device__ __forceinline__ void raise(unsigned* flag, unsigned value) {
  asm volatile("st.relaxed.sys.global.u32 [%0], %1;" ::"l"(flag), "r"(value) : "memory");
}
static __device__ __forceinline__ void wait_for(const unsigned* flag, unsigned value) {
  unsigned seen;
  do {
    asm volatile("ld.relaxed.sys.global.u32 %0, [%1];" : "=r"(seen) : "l"(flag) : "memory");
  } while (seen != value);
}
static __device__ __forceinline__ void raise_release(unsigned* flag, unsigned value) {
  asm volatile("st.release.sys.global.u32 [%0], %1;" ::"l"(flag), "r"(value) : "memory");
}
static __device__ __forceinline__ void wait_acquire(const unsigned* flag, unsigned value) {
  unsigned seen;
  do {
    asm volatile("ld.acquire.sys.global.u32 %0, [%1];" : "=r"(seen) : "l"(flag) : "memory");
  } while (seen != value);
}

extern "C" __global__ void reduce_in_place(const float* const* input, float* output, unsigned* const* flags,
                                           unsigned* counter, unsigned rank) {
  const unsigned t = threadIdx.x;
  const unsigned epoch = *counter + 1;
  const unsigned set = (epoch & 1) * 2 * P;  // [parity][start, end][from]
  if (t < P) {
    raise(flags[t] + set + rank, epoch);
    wait_for(flags[rank] + set + t, epoch);
  }
  __syncthreads();
  for (unsigned i = t; i < N; i += blockDim.x) output[i] = input[0][i] + input[1][i];
  __syncthreads();
#ifndef NO_END_BARRIER
  if (t < P) {
    raise_release(flags[t] + set + P + rank, epoch);
    wait_acquire(flags[rank] + set + P + t, epoch);
  }
  __syncthreads();
#endif
  if (t == 0) *counter = epoch;
}
