// Two-rank exchange with a check sum in shared memory. Three places where synchronisation can be left out, each on its own:
// the block before the flag, the block before the sum is read, and the peers at the end. Made for `check --all`.
constexpr unsigned P = 2;
constexpr unsigned T = 32;

static __device__ __forceinline__ void raise(unsigned* flag, unsigned value) {
  asm volatile("st.release.sys.global.u32 [%0], %1;" ::"l"(flag), "r"(value) : "memory");
}
static __device__ __forceinline__ void wait_for(const unsigned* flag, unsigned value) {
  unsigned seen;
  do {
    asm volatile("ld.acquire.sys.global.u32 %0, [%1];" : "=r"(seen) : "l"(flag) : "memory");
  } while (seen < value);
}

struct Peers {
  unsigned* comm[P];
  unsigned* flags[P];  // [start or end][from]
};

extern "C" __global__ void exchange(const unsigned* input, unsigned* output, unsigned* sums, Peers peers, unsigned rank,
                                    unsigned epoch) {
  __shared__ unsigned parts[2 * T];
  const unsigned t = threadIdx.x;
  const unsigned peer = 1 - rank;
  peers.comm[rank][t] = input[t];
#ifndef NO_BLOCK_BEFORE_THE_FLAG
#ifndef ALL_THREE
  __syncthreads();
#endif
#endif
  if (t == 0) {
    raise(peers.flags[peer] + rank, epoch);
    wait_for(peers.flags[rank] + peer, epoch);
  }
  __syncthreads();
  const unsigned theirs = peers.comm[peer][t];
  output[t] = theirs;
  parts[t] = theirs;
#ifndef NO_BLOCK_BEFORE_THE_SUM
#ifndef ALL_THREE
  __syncthreads();
#endif
#endif
  if (t >= T) {
    unsigned sum = 0;
    for (unsigned i = 0; i < T; ++i) sum += parts[i];
    sums[t] = sum;
  }
#ifndef NO_END
#ifndef ALL_THREE
  __syncthreads();
  if (t == 0) {
    raise(peers.flags[peer] + P + rank, epoch);
    wait_for(peers.flags[rank] + P + peer, epoch);
  }
#endif
#endif
}
