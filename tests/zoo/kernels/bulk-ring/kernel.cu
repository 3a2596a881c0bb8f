// A producer fills a ring of two slots in shared memory by bulk copies, each of which completes a phase of its slot's
// `full`; consumers read a slot, clear it, and hand it back by `empty`.
#include <cstdint>

constexpr int SLOTS = 2, WORDS = 4, LAPS = 2;
constexpr unsigned BYTES = WORDS * sizeof(uint32_t);

__device__ uint32_t at(const void* where) { return static_cast<uint32_t>(__cvta_generic_to_shared(where)); }

__device__ void init(uint64_t* object, unsigned arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(at(object)), "r"(arrivals) : "memory");
}

__device__ void arrive(uint64_t* object) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(at(object)) : "memory");
}

__device__ void expect(uint64_t* object, unsigned bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(at(object)), "r"(bytes) : "memory");
}

__device__ void wait(uint64_t* object, unsigned parity) {
  asm volatile(
      "{\n\t.reg .pred over;\nAGAIN:\n\tmbarrier.try_wait.parity.shared::cta.b64 over, [%0], %1;\n\t@!over bra AGAIN;\n}" ::"r"(
          at(object)),
      "r"(parity)
      : "memory");
}

__device__ void load(void* to, const void* from, unsigned bytes, uint64_t* object) {
  asm volatile("cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(at(to)),
               "l"(from), "r"(bytes), "r"(at(object))
               : "memory");
}

__device__ void produce(uint32_t (*slots)[WORDS], uint64_t* full, uint64_t* empty, const uint32_t* input) {
  for (int round = 0; round < SLOTS * LAPS; ++round) {
    int slot = round % SLOTS, lap = round / SLOTS;
#if defined(NO_WAIT_FOR_EMPTY)
#elif defined(WRONG_PARITY)
    wait(&empty[slot], lap % 2);
#else
    wait(&empty[slot], (lap + 1) % 2);
#endif
#if defined(NOTHING_EXPECTED)
    arrive(&full[slot]);
#elif defined(TOO_MUCH_EXPECTED)
    expect(&full[slot], 2 * BYTES);
#else
    expect(&full[slot], BYTES);
#endif
    load(slots[slot], input + round * WORDS, BYTES, &full[slot]);
  }
}

__device__ void consume(uint32_t (*slots)[WORDS], uint64_t* full, uint64_t* empty, uint32_t* output) {
  int word = threadIdx.x;
  for (int round = 0; round < SLOTS * LAPS; ++round) {
    int slot = round % SLOTS, lap = round / SLOTS;
#if defined(NO_WAIT_FOR_FULL)
    __syncwarp(0xF);
#else
    wait(&full[slot], lap % 2);
#endif
    output[round * WORDS + word] = slots[slot][word];
    slots[slot][word] = 0;
#ifndef NO_PROXY_FENCE
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
    arrive(&empty[slot]);
  }
}

extern "C" __global__ void ring(const uint32_t* input, uint32_t* output) {
  __shared__ alignas(128) uint32_t slots[SLOTS][WORDS];
  __shared__ alignas(8) uint64_t full[SLOTS], empty[SLOTS];
  if (threadIdx.x == 0) {
    for (int slot = 0; slot < SLOTS; ++slot) {
      init(&full[slot], 1);
#ifdef ONE_CONSUMER_HANDS_BACK
      init(&empty[slot], 1);
#else
      init(&empty[slot], WORDS);
#endif
    }
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
  __syncthreads();
  if (threadIdx.x == WORDS) {
    produce(slots, full, empty, input);
  } else {
    consume(slots, full, empty, output);
  }
}
