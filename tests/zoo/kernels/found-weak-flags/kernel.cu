// Push of a word to each peer, with a flag behind a fence.
constexpr unsigned P = 2;

struct Peers {
  unsigned* inbox[P];
  unsigned* flags[P];
};

static __device__ __forceinline__ void raise(unsigned* flag, unsigned value) {
#ifdef GPU_FENCE
  asm volatile("fence.acq_rel.gpu;" ::: "memory");
#else
  asm volatile("fence.acq_rel.sys;" ::: "memory");
#endif
#ifdef WEAK_FLAGS
  *flag = value;
#else
  asm volatile("st.relaxed.sys.global.u32 [%0], %1;" ::"l"(flag), "r"(value) : "memory");
#endif
}
static __device__ __forceinline__ void wait_for(const unsigned* flag, unsigned value) {
  unsigned seen;
  do {
    asm volatile("ld.relaxed.sys.global.u32 %0, [%1];" : "=r"(seen) : "l"(flag) : "memory");
  } while (seen < value);
  asm volatile("fence.acq_rel.sys;" ::: "memory");
}

extern "C" __global__ void push(const unsigned* input, unsigned* output, const Peers peers, unsigned rank) {
  const unsigned t = threadIdx.x;
  if (t >= P) return;
  peers.inbox[t][rank] = input[0];
  raise(peers.flags[t] + rank, 1);
  wait_for(peers.flags[rank] + t, 1);
  output[t] = peers.inbox[rank][t];
}
