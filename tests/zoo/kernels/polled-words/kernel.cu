// Four words are stored one after the other by one ordinary store; the last says that the others have come, and is polled
// as volatile. Under polled-words=strong that word alone is strong: the data are ordered by the fences, or race.
constexpr unsigned P = 2, N = 4;

struct Peers {
  unsigned* box[P];
};

extern "C" __global__ void push(const unsigned* input, unsigned* output, const Peers peers, unsigned rank) {
  unsigned* to = peers.box[1 - rank];
  const unsigned* from = peers.box[rank];
#pragma unroll 1
  for (unsigned i = 0; i < N; ++i) {
#ifndef NO_FENCE
    asm volatile("fence.acq_rel.sys;" ::: "memory");
#endif
    asm volatile("st.global.u32 [%0], %1;" ::"l"(to + i), "r"(input[i]) : "memory");
  }
#ifdef ANOTHER_SIZE
  unsigned long long seen;
  do {
    asm volatile("ld.volatile.global.u64 %0, [%1];" : "=l"(seen) : "l"(from + N - 2) : "memory");
  } while (seen >> 32 == 0);
#else
  while (((const volatile unsigned*)from)[N - 1] == 0) {
  }
#endif
  asm volatile("fence.acq_rel.sys;" ::: "memory");
  for (unsigned i = 0; i < N; ++i) output[i] = from[i];
}
