// Low-latency all-reduce: each word travels in one 8-byte store together with its flag, so no other order is needed.
// Two sets of slots take turns: who writes a set again has received the packets of the launch in between.
constexpr unsigned P = 2, N = 4;

static __device__ __forceinline__ void send(unsigned long long* slot, unsigned data, unsigned flag) {
#ifdef SPLIT_PACKET
  unsigned* words = reinterpret_cast<unsigned*>(slot);
  asm volatile("st.relaxed.sys.global.u32 [%0], %1;" ::"l"(words), "r"(data) : "memory");
  asm volatile("st.relaxed.sys.global.u32 [%0], %1;" ::"l"(words + 1), "r"(flag) : "memory");
#else
  const unsigned long long packet = (unsigned long long)flag << 32 | data;
  asm volatile("st.relaxed.sys.global.u64 [%0], %1;" ::"l"(slot), "l"(packet) : "memory");
#endif
}
static __device__ __forceinline__ unsigned receive(unsigned long long* slot, unsigned flag) {
#ifdef SPLIT_PACKET
  unsigned* words = reinterpret_cast<unsigned*>(slot);
  unsigned data, seen;
  do {
    asm volatile("ld.relaxed.sys.global.u32 %0, [%1];" : "=r"(seen) : "l"(words + 1) : "memory");
  } while (seen != flag);
  asm volatile("ld.relaxed.sys.global.u32 %0, [%1];" : "=r"(data) : "l"(words) : "memory");
  return data;
#else
  unsigned long long packet;
  do {
    asm volatile("ld.relaxed.sys.global.u64 %0, [%1];" : "=l"(packet) : "l"(slot) : "memory");
  } while ((unsigned)(packet >> 32) != flag);
  return (unsigned)packet;
#endif
}

extern "C" __global__ void all_reduce(const unsigned* input, unsigned* output, unsigned long long* const* slots,
                                      unsigned rank, unsigned epoch) {
  const unsigned t = threadIdx.x;
#ifdef ONE_SET
  const unsigned set = 0;
#else
  const unsigned set = (epoch & 1) * P * N;  // [parity][from][word]
#endif
  if (t < N) {
    const unsigned own = input[t];
    for (unsigned peer = 0; peer < P; ++peer)
      if (peer != rank) send(slots[peer] + set + rank * N + t, own, epoch);
    unsigned sum = own;
    for (unsigned peer = 0; peer < P; ++peer)
      if (peer != rank) sum += receive(slots[rank] + set + peer * N + t, epoch);
    output[t] = sum;
  }
}
