// Kernels for launches of several steps (tests/steps.rs). Compiled by: nvcc -std=c++17 -arch=sm_90 -lineinfo -ptx kernels.cu
#define KERNEL extern "C" __global__ void

// Leaves the inputs in a workspace, in reverse order: every block of the next stage needs all blocks of this one.
KERNEL stage1(const unsigned* input, unsigned* work) {
  const unsigned n = gridDim.x * blockDim.x, i = blockIdx.x * blockDim.x + threadIdx.x;
  work[n - 1 - i] = input[i];
}

KERNEL stage2(const unsigned* work, unsigned* output) {
  __shared__ unsigned tile[64];
  const unsigned n = gridDim.x * blockDim.x, i = blockIdx.x * blockDim.x + threadIdx.x;
  tile[threadIdx.x] = work[n - 1 - i];
  __syncthreads();
  output[i] = tile[threadIdx.x];
}

// Adds up what all ranks hold.
KERNEL reduce(unsigned* const* comm, unsigned* output, unsigned ranks) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned sum = 0;
  for (unsigned r = 0; r < ranks; ++r) sum += comm[r][i];
  output[i] = sum;
}

// Tells every rank, and waits for every rank: thread t is for rank t.
KERNEL meet(unsigned* const* flags, unsigned rank, unsigned epoch) {
  unsigned seen;
  asm volatile("st.release.sys.global.u32 [%0], %1;" ::"l"(flags[threadIdx.x] + rank), "r"(epoch) : "memory");
  do asm volatile("ld.acquire.sys.global.u32 %0, [%1];" : "=r"(seen) : "l"(flags[rank] + threadIdx.x) : "memory");
  while (seen != epoch);
}

// Counts its launches in a variable of the module, which the next kernel finds.
__device__ unsigned launches;
KERNEL count() { launches += 1; }
KERNEL counted(unsigned* output) { output[blockIdx.x * blockDim.x + threadIdx.x] = launches; }

KERNEL verify(unsigned* const* buffers, unsigned rank, unsigned count, unsigned value) {
  for (unsigned i = 0; i < count; ++i)
    if (buffers[rank][i] != value) __trap();
}
