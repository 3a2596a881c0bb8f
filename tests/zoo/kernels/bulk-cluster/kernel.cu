// The blocks of a cluster send each other words through the async proxy: single words (`st.async`), copies from shared
// to shared memory, reductions (`red.async`, `cp.reduce.async.bulk`), and one copy for both (`.multicast::cluster`). Each
// receiver's mbarrier object counts the bytes.
#include <cstdint>

constexpr int WORDS = 4;
constexpr unsigned BYTES = WORDS * sizeof(uint32_t);

__device__ uint32_t at(const void* where) { return static_cast<uint32_t>(__cvta_generic_to_shared(where)); }

__device__ uint32_t of_peer(const void* where, unsigned peer) {
  uint32_t address;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(address) : "r"(at(where)), "r"(peer));
  return address;
}

__device__ void meet() { asm volatile("barrier.cluster.arrive;\n\tbarrier.cluster.wait;" ::: "memory"); }

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

// Five transfers in one phase.
extern "C" __global__ void __cluster_dims__(2) exchange(const uint32_t* input, uint32_t* output) {
  __shared__ alignas(16) uint32_t own[WORDS], words[WORDS], copied[WORDS], sums[WORDS], both[WORDS];
  __shared__ alignas(8) uint64_t full;
  unsigned rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  unsigned peer = 1 - rank;
  int word = threadIdx.x;
  own[word] = input[blockIdx.x * WORDS + word];
  sums[word] = 0;
#if defined(UNFENCED_SUMS)
  if (word != 0) asm volatile("fence.proxy.async;" ::: "memory");
#else
  asm volatile("fence.proxy.async;" ::: "memory");
#endif
  if (word == 0) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(at(&full)) : "memory");
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
#if defined(NO_FIRST_MEETING)
  __syncthreads();
#else
  __syncthreads();
  meet();
#endif
  uint32_t there = of_peer(&full, peer);
#if defined(FEWER_EXPECTED)
  if (word == 0) expect(&full, 4 * BYTES);
#else
  if (word == 0) expect(&full, 5 * BYTES);
#endif
  asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [%0], %1, [%2];" ::"r"(
                   of_peer(&words[word], peer)),
               "r"(own[word]), "r"(there)
               : "memory");
  asm volatile("red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.add.u32 [%0], %1, [%2];" ::"r"(
                   of_peer(&sums[word], peer)),
               "r"(own[word]), "r"(there)
               : "memory");
  if (word == 0) {
    asm volatile(
        "cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
            of_peer(copied, peer)),
        "r"(at(own)), "r"(BYTES), "r"(there)
        : "memory");
    asm volatile(
        "cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes.add.u32 [%0], [%1], %2, [%3];" ::
            "r"(of_peer(sums, peer)),
        "r"(at(own)), "r"(BYTES), "r"(there)
        : "memory");
  }
  if (word == 0 && rank == 0) {
    asm volatile(
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1], %2, [%3], "
        "%4;" ::"r"(at(both)),
        "l"(input), "r"(BYTES), "r"(at(&full)), "h"(static_cast<unsigned short>(3))
        : "memory");
  }
#if defined(NO_WAIT)
  meet();
#else
  wait(&full, 0);
#endif
  // The words of the peer, whichever way they came, and those of block 0.
  uint32_t mixed = words[word] + copied[word] - sums[word] + both[word] - input[word];
  output[blockIdx.x * WORDS + word] = words[word] + mixed;
#ifndef NO_LAST_MEETING
  meet();
#endif
}
