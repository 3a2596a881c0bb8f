// Each rank copies its share of whole vectors to its peer; the last vector of a message may be cut off.
constexpr unsigned P = 2;
constexpr unsigned VECTOR = 4;  // words

extern "C" __global__ void share(const unsigned* input, unsigned* output, unsigned words, unsigned rank) {
  const unsigned vectors = (words + VECTOR - 1) / VECTOR;
  const unsigned each = (vectors + P - 1) / P;
#ifdef GREATER
  // A message of whole vectors that are not a multiple of the ranks: the last rank's share begins past the end.
  const unsigned first = rank * each;
  const unsigned past = vectors > first + each ? first + each : first + each;
#else
  const unsigned first = rank * each;
  const unsigned past = vectors >= first + each ? first + each : vectors;
#endif
  for (unsigned v = first + threadIdx.x; v < past; v += blockDim.x) {
    const uint4 word = reinterpret_cast<const uint4*>(input)[v];
    reinterpret_cast<uint4*>(output)[v] = word;
  }
}
