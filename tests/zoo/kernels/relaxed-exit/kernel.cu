// All-reduce in one stage over registered inputs: peers' inputs are read in place. All flags are relaxed. Those at the exit
// tell that a block has read, not what it has written: they stand behind a barrier of the block.
constexpr unsigned P = 2, N = 8;

static __device__ __forceinline__ void raise(unsigned* flag, unsigned value) {
  asm volatile("st.volatile.global.u32 [%0], %1;" ::"l"(flag), "r"(value) : "memory");
}
static __device__ __forceinline__ void wait_for(const unsigned* flag, unsigned value) {
  unsigned seen;
  do {
    asm volatile("ld.volatile.global.u32 %0, [%1];" : "=r"(seen) : "l"(flag) : "memory");
  } while (seen != value);
}

extern "C" __global__ void one_stage(float* const* input, float* output, unsigned* const* flags, unsigned* counter,
                                     unsigned rank) {
  const unsigned t = threadIdx.x;
  const unsigned epoch = *counter + 1;
  const unsigned set = (epoch & 1) * 2 * P;  // [parity][start, end][from]
  if (t < P) {
    raise(flags[t] + set + rank, epoch);
    wait_for(flags[rank] + set + t, epoch);
  }
  __syncthreads();
  for (unsigned i = t; i < N; i += blockDim.x) output[i] = input[0][i] + input[1][i];
#ifdef WRITES
  input[1 - rank][t] = 1.0f;  // a peer's input is written, too: a relaxed flag says nothing of that
#endif
#ifdef NO_BLOCK_BARRIER
  // Thread t raises the flag of peer t when it has read itself; others of its block may still read.
  if (t < P) {
    raise(flags[t] + set + P + rank, epoch);
    wait_for(flags[rank] + set + P + t, epoch);
  }
  __syncthreads();
#else
  __syncthreads();
  if (t < P) {
    raise(flags[t] + set + P + rank, epoch);
    wait_for(flags[rank] + set + P + t, epoch);
  }
#endif
  if (t == 0) *counter = epoch;
}
