// All-gather of two ranks in the Lamport style: words that hold the sentinel have not come. Three sets take turns; every
// launch clears the set that the launch after the next one uses.
constexpr unsigned P = 2;
constexpr unsigned EMPTY = 0x80000000u;

static __device__ __forceinline__ void send(uint2* to, uint2 value) {
  asm volatile("st.volatile.global.v2.u32 [%0], {%1, %2};" ::"l"(to), "r"(value.x), "r"(value.y) : "memory");
}
static __device__ __forceinline__ uint2 load(const uint2* from) {
  uint2 value;
  asm volatile("ld.volatile.global.v2.u32 {%0, %1}, [%2];" : "=r"(value.x), "=r"(value.y) : "l"(from) : "memory");
  return value;
}

struct Peers {
  uint2* box[P];  // [set][from]
};

extern "C" __global__ void gather(const uint2* input, uint2* output, const Peers peers, unsigned rank, unsigned launch) {
  const unsigned t = threadIdx.x;
  const unsigned set = launch % 3 * P, cleared = (launch + 2) % 3 * P;
  if (t >= P) return;
#if !defined(WEAK_CLEARS) && !defined(VOLATILE_CLEARS)
  asm volatile("fence.acq_rel.sys;" ::: "memory");
#endif
  const uint2 mine = input[0];
#ifdef WEAK_SENDS
  peers.box[t][set + rank] = mine;
#else
  send(peers.box[t] + set + rank, mine);
#endif
  uint2 theirs;
  do {
    theirs = load(peers.box[rank] + set + t);
  } while (theirs.x == EMPTY || theirs.y == EMPTY);
#if !defined(WEAK_CLEARS) && !defined(VOLATILE_CLEARS)
  asm volatile("fence.acq_rel.sys;" ::: "memory");
#endif
#ifdef WEAK_CLEARS
  peers.box[rank][cleared + t] = make_uint2(EMPTY, EMPTY);
#else
  send(peers.box[rank] + cleared + t, make_uint2(EMPTY, EMPTY));
#endif
  output[t] = theirs;
}
