// A barrier that a warp waits for by vote, over words that count up by their owner and down by the peers: each word is
// zero again when both have come, so nothing is told from launch to launch and nothing has to be reset. A lane that has
// waited too long ends the kernel.
constexpr int STEP = 1024;
constexpr long long PATIENCE = 2000000000;

static __device__ __forceinline__ int look(const int* word) {
  int seen;
  asm volatile("ld.volatile.global.s32 %0, [%1];" : "=r"(seen) : "l"(word) : "memory");
  return seen;
}

static __device__ __forceinline__ void fence() { asm volatile("fence.acq_rel.sys;" ::: "memory"); }

#ifdef HALF_OF_THE_LANES
constexpr unsigned LANES = 1;
#else
constexpr unsigned LANES = 3;
#endif

static __device__ __forceinline__ void barrier(int* const* words, int rank, int ranks) {
  const int lane = threadIdx.x;
#ifdef FENCE_BEFORE_THE_GATHERING
  fence();
  __syncwarp(3);
#else
  __syncwarp(3);
  fence();
#endif
  if (lane < ranks) {
    atomicAdd_system(words[rank] + lane, STEP);
    atomicSub_system(words[lane] + rank, STEP);
  }
  const long long begun = clock64();
  while (true) {
#ifdef SIGN_TURNED
    const int holds = lane < ranks ? -look(words[rank] + lane) : 0;
#else
    const int holds = lane < ranks ? look(words[rank] + lane) : 0;
#endif
    if (LANES == 3 || lane == 0) {
      if (__all_sync(LANES, holds <= 0)) break;
    } else {
      break;
    }
    if (clock64() - begun > PATIENCE && lane < ranks) __trap();
  }
#ifndef NO_FENCE_BEHIND
  fence();
#endif
  __syncwarp(3);
}

extern "C" __global__ void share(const int* input, int* output, int* const* shared, int* const* words, int rank,
                                 int ranks) {
  if (threadIdx.x == 0) shared[rank][0] = input[0];
  barrier(words, rank, ranks);
  if (threadIdx.x == 0) output[0] = shared[0][0] + shared[1][0];
#ifndef NO_LAST_BARRIER
  barrier(words, rank, ranks);
#endif
}
