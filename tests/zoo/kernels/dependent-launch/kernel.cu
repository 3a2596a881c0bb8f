// A chain of dependent launches (programmatic stream serialisation): each adds its input to a running total. What the
// launch before wrote is there once griddepcontrol.wait has returned; what does not depend on it may stand before.
extern "C" __global__ void accumulate(const unsigned* table, const unsigned* input, unsigned* total, unsigned* output) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  const unsigned weight = table[i];
#ifdef READS_INPUT_EARLY
  const unsigned own = input[i];
#endif
#ifdef CALLS_EARLY
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
#ifdef ONE_THREAD_WAITS
  if (threadIdx.x == 0) asm volatile("griddepcontrol.wait;" ::: "memory");
#elif !defined(NEVER_WAITS)
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
#ifndef READS_INPUT_EARLY
  const unsigned own = input[i];
#endif
  total[i] += own * weight;
#ifndef CALLS_EARLY
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
  output[i] = total[i];
}
