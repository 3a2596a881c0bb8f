// Blocks of a cluster add each other's words through distributed shared memory: a block's memory must be filled before
// peers read it, and must be there until they have.
constexpr unsigned BLOCKS = 2;

static __device__ __forceinline__ void meet() {
#ifdef RELAXED_BARRIER
  asm volatile("barrier.cluster.arrive.relaxed; barrier.cluster.wait.acquire;" ::: "memory");
#else
  asm volatile("barrier.cluster.arrive.release; barrier.cluster.wait.acquire;" ::: "memory");
#endif
}

extern "C" __global__ void __cluster_dims__(BLOCKS, 1, 1) reduce(const unsigned* input, unsigned* output) {
  __shared__ unsigned word[2];
  const unsigned t = threadIdx.x;
  word[t] = input[blockIdx.x * blockDim.x + t];
#ifdef ONE_BLOCK_MEETS
  __syncthreads();
#else
  meet();
#endif
  unsigned sum = 0;
  for (unsigned peer = 0; peer < BLOCKS; ++peer) {
    unsigned there, value;
    const unsigned here = (unsigned)__cvta_generic_to_shared(word + t);
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(here), "r"(peer));
    asm volatile("ld.shared::cluster.u32 %0, [%1];" : "=r"(value) : "r"(there) : "memory");
    sum += value;
  }
#ifndef EARLY_EXIT
  meet();
#endif
  output[blockIdx.x * blockDim.x + t] = sum;
}
