// The block that arrives last adds up what all blocks left in scratch. The counter wraps to 0 by itself, so the next
// launch finds it as this one did.
static __device__ __forceinline__ unsigned arrive(unsigned* counter, unsigned last) {
  unsigned before;
#ifdef RELAXED_COUNTER
  asm volatile("atom.relaxed.gpu.global.inc.u32 %0, [%1], %2;" : "=r"(before) : "l"(counter), "r"(last) : "memory");
#else
  asm volatile("atom.acq_rel.gpu.global.inc.u32 %0, [%1], %2;" : "=r"(before) : "l"(counter), "r"(last) : "memory");
#endif
  return before;
}

extern "C" __global__ void gather_blocks(const unsigned* input, unsigned* output, unsigned* scratch,
                                         unsigned* counter) {
  __shared__ bool last;
  const unsigned t = threadIdx.x, mine = blockIdx.x * blockDim.x + t;
  scratch[mine] = input[mine];
#ifndef NO_BLOCK_SYNC
  __syncthreads();
#endif
  if (t == 0) last = arrive(counter, gridDim.x - 1) == gridDim.x - 1;
  __syncthreads();
  if (!last) return;
  for (unsigned i = t; i < gridDim.x * blockDim.x; i += blockDim.x) output[i] = scratch[i];
}
