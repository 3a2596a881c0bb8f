// A ring of two slots, filled by `cp.async`: the two producers' copies trigger their arrival at `full`, as CUTLASS's
// `cpasync_barrier_arrive_noinc` and libcu++'s `memcpy_async` on a barrier do. The consumers wait for `full`, read, and
// arrive at `empty`. Of the last row only half is read, and the rest is zero.
constexpr unsigned SLOTS = 2, ROUNDS = 3, HALF = 2;

static __device__ __forceinline__ unsigned address(const void* p) { return (unsigned)__cvta_generic_to_shared(p); }
static __device__ __forceinline__ void init(unsigned long long* object, unsigned count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(address(object)), "r"(count) : "memory");
}
static __device__ __forceinline__ void arrive(unsigned long long* object) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(address(object)) : "memory");
}
static __device__ __forceinline__ void arrive_behind_copies(unsigned long long* object) {
#if defined(ORDINARY_ARRIVAL)
  arrive(object);
#elif defined(NOT_COUNTED)
  asm volatile("cp.async.mbarrier.arrive.shared::cta.b64 [%0];" ::"r"(address(object)) : "memory");
#else
  asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(address(object)) : "memory");
#endif
}
static __device__ __forceinline__ void wait_for(unsigned long long* object, unsigned parity) {
  unsigned done;
  do {
    asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
                 : "=r"(done) : "r"(address(object)), "r"(parity) : "memory");
  } while (done == 0);
}
static __device__ __forceinline__ void copy(unsigned* to, const unsigned* from, unsigned bytes) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;" ::"r"(address(to)), "l"(from), "r"(bytes) : "memory");
}

extern "C" __global__ void ring(const unsigned* input, unsigned* output) {
  __shared__ unsigned long long full[SLOTS], empty[SLOTS];
  __shared__ __align__(16) unsigned slot[SLOTS][2 * HALF];
  const unsigned t = threadIdx.x;
  if (t == 0) {
    for (unsigned s = 0; s < SLOTS; ++s) {
      init(&full[s], HALF);
      init(&empty[s], HALF);
    }
  }
  __syncthreads();
#pragma unroll 1
  for (unsigned round = 0; round < ROUNDS; ++round) {
    const unsigned s = round % SLOTS, lap = round / SLOTS;
    if (t < HALF) {
#ifndef NO_WAIT_FOR_EMPTY
      wait_for(&empty[s], ~lap & 1);
#endif
#ifdef ARRIVAL_FIRST
      arrive_behind_copies(&full[s]);
#endif
      copy(&slot[s][2 * t], &input[2 * HALF * round + 2 * t], round + 1 < ROUNDS ? 8 : 4);
#ifndef ARRIVAL_FIRST
      arrive_behind_copies(&full[s]);
#endif
    } else {
      wait_for(&full[s], lap & 1);
      const unsigned other = 2 * (HALF - 1 - (t - HALF));
      output[2 * HALF * round + other] = slot[s][other];
      output[2 * HALF * round + other + 1] = slot[s][other + 1];
      arrive(&empty[s]);
    }
  }
}
