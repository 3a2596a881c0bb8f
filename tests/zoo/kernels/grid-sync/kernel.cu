// All blocks of a cooperative launch meet between writing their words and reading their neighbour's.
#include <cooperative_groups.h>
namespace cg = cooperative_groups;

extern "C" __global__ void neighbours(const unsigned* input, unsigned* words, unsigned* output) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x, n = gridDim.x * blockDim.x;
  words[i] = input[i];
#ifdef BLOCK_SYNC
  __syncthreads();
#elif defined(NOT_ALL_BLOCKS)
  if (blockIdx.x > 0) cg::this_grid().sync();
#else
  cg::this_grid().sync();
#endif
  output[i] = words[(i + 1) % n];
#ifndef NO_SYNC_AT_END
  cg::this_grid().sync();
#endif
  words[i] = 0;
}
