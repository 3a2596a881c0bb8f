// A producer and consumers over a ring of two slots, as in CUTLASS's pipelines: thread 0 fills a slot once its `empty`
// object says that all consumers have left it, and arrives at `full`; the others wait for `full`, read, and arrive at
// `empty`. The phase of a slot turns with every lap of the ring.
constexpr unsigned SLOTS = 2, ROUNDS = 4, CONSUMERS = 2;

static __device__ __forceinline__ unsigned address(const void* p) { return (unsigned)__cvta_generic_to_shared(p); }
static __device__ __forceinline__ void init(unsigned long long* object, unsigned count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(address(object)), "r"(count) : "memory");
}
static __device__ __forceinline__ void arrive(unsigned long long* object) {
#ifdef RELAXED_ARRIVAL
  asm volatile("mbarrier.arrive.relaxed.cta.shared::cta.b64 _, [%0];" ::"r"(address(object)) : "memory");
#else
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(address(object)) : "memory");
#endif
}
static __device__ __forceinline__ void wait_for(unsigned long long* object, unsigned parity) {
  unsigned done;
  do {
    asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
                 : "=r"(done) : "r"(address(object)), "r"(parity) : "memory");
  } while (done == 0);
}

extern "C" __global__ void ring(const unsigned* input, unsigned* output) {
  __shared__ unsigned long long full[SLOTS], empty[SLOTS];
  __shared__ unsigned slot[SLOTS];
  const unsigned t = threadIdx.x;
  if (t == 0) {
    for (unsigned s = 0; s < SLOTS; ++s) {
      init(&full[s], 1);
#ifdef TOO_FEW_EXPECTED
      init(&empty[s], CONSUMERS - 1);
#else
      init(&empty[s], CONSUMERS);
#endif
    }
  }
  __syncthreads();
#pragma unroll 1
  for (unsigned round = 0; round < ROUNDS; ++round) {
    const unsigned s = round % SLOTS, lap = round / SLOTS;
    if (t == 0) {
      // In the first lap every slot is empty: the phase before the first is over.
#ifdef WRONG_PARITY
      wait_for(&empty[s], lap & 1);
#elif !defined(NO_WAIT_FOR_EMPTY)
      wait_for(&empty[s], ~lap & 1);
#endif
      slot[s] = input[round];
      arrive(&full[s]);
    } else {
      wait_for(&full[s], lap & 1);
      output[round * CONSUMERS + t - 1] = slot[s];
      arrive(&empty[s]);
    }
  }
}
