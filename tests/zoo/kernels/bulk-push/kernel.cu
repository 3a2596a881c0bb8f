// Each rank stages its data in shared memory and pushes it to its neighbour by bulk stores, in two parts; then it says so.
// The neighbour's inbox has two sides, which take turns.
#include <cstdint>

constexpr int WORDS = 4, PARTS = 2;
constexpr unsigned BYTES = WORDS * sizeof(uint32_t);

__device__ uint32_t at(const void* where) { return static_cast<uint32_t>(__cvta_generic_to_shared(where)); }

__device__ void store(void* to, const void* from) {
  asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::"l"(to), "r"(at(from)), "r"(BYTES)
               : "memory");
  asm volatile("cp.async.bulk.commit_group;" ::: "memory");
}

extern "C" __global__ void push(const uint32_t* input, const uint32_t* inbox, uint32_t* neighbours, uint32_t* flag,
                                uint32_t* neighbours_flag, uint32_t* output, uint32_t epoch) {
#ifdef ONE_STAGE_FOR_BOTH
  __shared__ alignas(16) uint32_t staged[1][WORDS];
#else
  __shared__ alignas(16) uint32_t staged[PARTS][WORDS];
#endif
  int word = threadIdx.x;
  int side = epoch % 2 * PARTS * WORDS;
  for (int part = 0; part < PARTS; ++part) {
    uint32_t* stage = staged[part % (sizeof staged / BYTES)];
    stage[word] = input[part * WORDS + word];
#if defined(NO_PROXY_FENCE)
#elif defined(FENCE_FOR_GLOBAL_MEMORY)
    asm volatile("fence.proxy.async.global;" ::: "memory");
#elif defined(FENCE_BY_ONE_BEFORE_ALL)
    if (word == 0) asm volatile("fence.proxy.async;" ::: "memory");
#else
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
    __syncthreads();
    if (word == 0) store(neighbours + side + part * WORDS, stage);
  }
  if (word == 0) {
#if defined(NO_WAIT)
    asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
#elif defined(NEWEST_LEFT_OUT)
    asm volatile("cp.async.bulk.wait_group 1;" ::: "memory");
    asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
#else
    asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
#endif
#ifdef RELAXED_FLAG
    asm volatile("st.relaxed.sys.global.u32 [%0], %1;" ::"l"(neighbours_flag), "r"(epoch) : "memory");
#else
    asm volatile("st.release.sys.global.u32 [%0], %1;" ::"l"(neighbours_flag), "r"(epoch) : "memory");
#endif
    uint32_t seen;
    do {
      asm volatile("ld.acquire.sys.global.u32 %0, [%1];" : "=r"(seen) : "l"(flag) : "memory");
    } while (seen < epoch);
  }
  __syncthreads();
  for (int part = 0; part < PARTS; ++part) output[part * WORDS + word] = inbox[side + part * WORDS + word];
#ifdef LEFT_BEHIND
  staged[0][word] = word;
  asm volatile("fence.proxy.async;" ::: "memory");
  __syncthreads();
  if (word == 0) store(neighbours + side, staged[0]);
#endif
}
