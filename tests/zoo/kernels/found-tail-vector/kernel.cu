// Each rank copies its share of the whole vectors of a message; shares are rounded up, so the last one may be short.
constexpr unsigned P = 2;

extern "C" __global__ void share(const uint4* input, uint4* output, unsigned vectors, unsigned rank) {
  const unsigned each = (vectors + P - 1) / P;
  for (unsigned i = threadIdx.x; i < each; i += blockDim.x) {
    const unsigned v = rank * each + i;
#ifdef GREATER
    if (v > vectors) break;
#else
    if (v >= vectors) break;
#endif
    output[v] = input[v];
  }
}
