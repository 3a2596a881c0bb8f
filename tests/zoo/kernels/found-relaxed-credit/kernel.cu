// A ring of one slot from rank 0 to rank 1: a flag says that the slot is full, a credit that it may be written again.
constexpr unsigned ITEMS = 3;

static __device__ __forceinline__ void release(unsigned* word, unsigned value) {
  asm volatile("st.release.sys.global.u32 [%0], %1;" ::"l"(word), "r"(value) : "memory");
}
static __device__ __forceinline__ void acquire(const unsigned* word, unsigned value) {
  unsigned seen;
  do {
    asm volatile("ld.acquire.sys.global.u32 %0, [%1];" : "=r"(seen) : "l"(word) : "memory");
  } while (seen < value);
}
static __device__ __forceinline__ void give_back(unsigned* credit, unsigned value) {
#ifdef RELAXED_CREDIT
  asm volatile("st.relaxed.sys.global.u32 [%0], %1;" ::"l"(credit), "r"(value) : "memory");
#else
  release(credit, value);
#endif
}
static __device__ __forceinline__ void await_credit(const unsigned* credit, unsigned value) {
#ifdef RELAXED_CREDIT
  while (*(const volatile unsigned*)credit < value) {
  }
#else
  acquire(credit, value);
#endif
}

struct Peers {
  unsigned* slot[2];
  unsigned* full[2];
  unsigned* credit[2];
};

extern "C" __global__ void dispatch(const unsigned* input, unsigned* output, const Peers peers, unsigned rank) {
  for (unsigned item = 0; item < ITEMS; ++item) {
    if (rank == 0) {
      await_credit(peers.credit[0], item);
      *peers.slot[1] = input[item];
      release(peers.full[1], item + 1);
    } else {
      acquire(peers.full[1], item + 1);
      output[item] = *peers.slot[1];
      give_back(peers.credit[0], item + 1);
    }
  }
}
