// Push all-reduce of four ranks: every value lies in the slot of the rank it came from, and all ranks add in one order.
constexpr unsigned P = 4, N = 8;

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
  float* inbox[P];
  unsigned* flags[P];
};

extern "C" __global__ void reduce(const float* input, float* output, const Peers peers, unsigned rank) {
  const unsigned t = threadIdx.x;
  for (unsigned i = 0; i < N; ++i) peers.inbox[t][rank * N + i] = input[i];
  raise(peers.flags[t] + rank, 1);
  wait_for(peers.flags[rank] + t, 1);
  __syncthreads();
  for (unsigned i = t; i < N; i += blockDim.x) {
    float sum = 0;
#pragma unroll
    for (unsigned step = 0; step < P; ++step) {
#ifdef UNROTATED
      // As if slot 0 held the rank's own value, slot 1 that of the next rank.
      sum += peers.inbox[rank][(step + P - rank) % P * N + i];
#else
      sum += peers.inbox[rank][step * N + i];
#endif
    }
    output[i] = sum;
  }
}
