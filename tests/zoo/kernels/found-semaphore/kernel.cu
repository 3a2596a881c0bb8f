// A semaphore with one token and three blocks that take it in turn.
static __device__ __forceinline__ int load(const int* word) {
  int seen;
  asm volatile("ld.acquire.gpu.global.s32 %0, [%1];" : "=r"(seen) : "l"(word) : "memory");
  return seen;
}
static __device__ __forceinline__ int add(int* word, int value) {
  int before;
  asm volatile("atom.acq_rel.gpu.global.add.s32 %0, [%1], %2;" : "=r"(before) : "l"(word), "r"(value) : "memory");
  return before;
}
static __device__ __forceinline__ bool take_one(int* word, int seen) {
  int before;
  asm volatile("atom.acq_rel.gpu.global.cas.b32 %0, [%1], %2, %3;"
               : "=r"(before)
               : "l"(word), "r"(seen), "r"(seen - 1)
               : "memory");
  return before == seen;
}

extern "C" __global__ void take(int* tokens, int* used) {
#ifdef DECREMENT_FIRST
  // Whoever finds no token has taken one all the same, and waits for a value that the next one takes back.
  int before = add(tokens, -1);
  while (before <= 0) before = load(tokens);
#else
  int seen;
  do {
    seen = load(tokens);
  } while (seen <= 0 || !take_one(tokens, seen));
#endif
  *used += 1;
  add(tokens, 1);
}
