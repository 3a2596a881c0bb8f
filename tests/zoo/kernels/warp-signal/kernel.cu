// One warp exchanges words with the same warp of its peer: lane 0 signals for all lanes once __syncwarp has gathered
// their stores, and waits for all lanes, which __syncwarp lets go on.
constexpr unsigned N = 4;

static __device__ __forceinline__ void signal(unsigned* flag, unsigned value) {
  asm volatile("st.release.sys.global.u32 [%0], %1;" ::"l"(flag), "r"(value) : "memory");
}
static __device__ __forceinline__ void wait_for(const unsigned* flag, unsigned value) {
  unsigned seen;
  do {
    asm volatile("ld.acquire.sys.global.u32 %0, [%1];" : "=r"(seen) : "l"(flag) : "memory");
  } while (seen < value);
}

extern "C" __global__ void exchange(const unsigned* input, unsigned* output, unsigned* const* inbox,
                                    unsigned* const* flags, unsigned rank, unsigned epoch) {
  const unsigned lane = threadIdx.x, peer = 1 - rank, set = (epoch & 1) * N;
  const unsigned own = input[lane];
  inbox[peer][set + lane] = own;
#ifndef NO_SYNC_BEFORE
  __syncwarp();
#endif
  if (lane == 0) {
    signal(flags[peer], epoch);
    wait_for(flags[rank], epoch);
  }
#ifndef NO_SYNC_AFTER
  __syncwarp();
#endif
  output[lane] = own + inbox[rank][set + lane];
}
