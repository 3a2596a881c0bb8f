// Two-shot all-reduce through multicast addresses (NVLink SHARP): each rank adds its part of all ranks' words by one
// instruction and stores the sum to all of them by another. Barriers are counters on every rank, all counted up by one instruction.
constexpr unsigned P = 3;

static __device__ __forceinline__ void arrive(unsigned* everywhere) {
#ifdef RELAXED_ARRIVAL
  asm volatile("multimem.red.relaxed.sys.global.add.u32 [%0], 1;" ::"l"(everywhere) : "memory");
#else
  asm volatile("multimem.red.release.sys.global.add.u32 [%0], 1;" ::"l"(everywhere) : "memory");
#endif
}
static __device__ __forceinline__ void wait_for(const unsigned* counter, unsigned value) {
  unsigned seen;
  do {
    asm volatile("ld.acquire.sys.global.u32 %0, [%1];" : "=r"(seen) : "l"(counter) : "memory");
  } while (seen < value);
}
static __device__ __forceinline__ float4 sum_of_all(const float4* everywhere) {
  float4 sum;
  asm volatile("multimem.ld_reduce.relaxed.sys.global.add.v4.f32 {%0, %1, %2, %3}, [%4];"
               : "=f"(sum.x), "=f"(sum.y), "=f"(sum.z), "=f"(sum.w)
               : "l"(everywhere)
               : "memory");
  return sum;
}
static __device__ __forceinline__ void store_to_all(float4* everywhere, float4 sum) {
#ifdef ORDINARY_STORE
  *everywhere = sum;
#else
  asm volatile("multimem.st.relaxed.sys.global.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(everywhere), "f"(sum.x),
               "f"(sum.y), "f"(sum.z), "f"(sum.w)
               : "memory");
#endif
}

struct Counters {
  unsigned* everywhere;
  unsigned* own;
};

static __device__ __forceinline__ void meet(const Counters counters, unsigned which, unsigned epoch) {
#ifdef FROZEN_TARGET
  const unsigned value = P;
#else
  const unsigned value = P * epoch;
#endif
  __syncthreads();
  if (threadIdx.x == 0) {
    arrive(counters.everywhere + which);
    wait_for(counters.own + which, value);
  }
  __syncthreads();
}

extern "C" __global__ void all_reduce(const float4* input, float4* output, float4* own, float4* everywhere,
                                      const Counters counters, unsigned rank, unsigned epoch) {
  const unsigned t = threadIdx.x;
  own[t] = input[t];
  meet(counters, 0, epoch);
  if (t == rank) store_to_all(everywhere + t, sum_of_all(everywhere + t));
#ifndef NO_END_BARRIER
  meet(counters, 1, epoch);
#endif
  output[t] = own[t];
}
