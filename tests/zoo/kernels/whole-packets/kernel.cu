// Packets of 16 bytes, three words of data and one that says that they have come: pushed by one volatile vector store, polled
// by volatile vector loads that look at that one word. So nothing tells that the other three are of the same store.
constexpr unsigned P = 2;

static __device__ __forceinline__ void send(uint4* packet, uint4 value) {
#ifdef SCALAR_STORES
  // The word that is looked at comes last, and by a store of its own.
  asm volatile("st.volatile.global.v2.u32 [%0], {%1, %2};" ::"l"(packet), "r"(value.x), "r"(value.y) : "memory");
  asm volatile("st.volatile.global.v2.u32 [%0+8], {%1, %2};" ::"l"(packet), "r"(value.z), "r"(value.w) : "memory");
#elif defined(WEAK_STORES)
  *packet = value;
#else
  asm volatile("st.volatile.global.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(packet), "r"(value.x), "r"(value.y),
               "r"(value.z), "r"(value.w)
               : "memory");
#endif
}

static __device__ __forceinline__ uint4 look(const uint4* packet) {
  uint4 seen;
#ifdef TWO_LOADS
  asm volatile("ld.volatile.global.v2.u32 {%0, %1}, [%2];" : "=r"(seen.x), "=r"(seen.y) : "l"(packet) : "memory");
  asm volatile("ld.volatile.global.v2.u32 {%0, %1}, [%2+8];" : "=r"(seen.z), "=r"(seen.w) : "l"(packet) : "memory");
#else
  asm volatile("ld.volatile.global.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(seen.x), "=r"(seen.y), "=r"(seen.z), "=r"(seen.w)
               : "l"(packet)
               : "memory");
#endif
  return seen;
}

struct Boxes {
  uint4* of[P];
};

extern "C" __global__ void exchange(const unsigned* input, unsigned* output, Boxes box, unsigned rank, unsigned epoch) {
  const unsigned t = threadIdx.x;
  const unsigned set = (epoch & 1) * blockDim.x;  // two sets of packets take turns
  const unsigned* mine = input + 3 * t;
  send(box.of[1 - rank] + set + t, make_uint4(mine[0], mine[1], mine[2], epoch));
  uint4 seen;
  do {
    seen = look(box.of[rank] + set + t);
  } while (seen.w != epoch);
  unsigned* sum = output + 3 * t;
  sum[0] = mine[0] + seen.x;
  sum[1] = mine[1] + seen.y;
  sum[2] = mine[2] + seen.z;
}
