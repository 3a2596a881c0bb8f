// A tile of a matrix product on tensor cores, sent to a peer who adds its own: copies to shared memory in groups, fragments
// by ldmatrix, mma.sync, and a meeting of the two ranks around the exchange. What tensor cores compute is not modelled, and
// nothing but data depends on it.
#include <cuda_fp16.h>
#include <cstdint>

constexpr int STEPS = 2;

__device__ uint32_t shared_address(const void* pointer) { return static_cast<uint32_t>(__cvta_generic_to_shared(pointer)); }

__device__ void copy(void* to, const void* from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(to)), "l"(from) : "memory");
}

__device__ void meet(uint32_t* peer, uint32_t* own, uint32_t epoch) {
  __syncthreads();
  if (threadIdx.x == 0) {
    asm volatile("st.release.sys.global.u32 [%0], %1;" ::"l"(peer), "r"(epoch) : "memory");
    uint32_t seen;
    do {
      asm volatile("ld.acquire.sys.global.u32 %0, [%1];" : "=r"(seen) : "l"(own) : "memory");
    } while (seen < epoch);
  }
  __syncthreads();
}

// 64 threads; a is 16 x 16 for each step, b likewise (columns), the result 16 x 16.
extern "C" __global__ void tensor_tile(const half* a, const half* b, float* inbox, float* peer_inbox, uint32_t* flags,
                                       uint32_t* peer_flags, float* output, uint32_t epoch) {
  __shared__ alignas(16) half tile[2][256];
  const int t = threadIdx.x, lane = t % 32, warp = t / 32;
  float sum[4] = {0, 0, 0, 0};
  for (int step = 0; step < STEPS; step++) {
    copy(&tile[warp][lane * 8], (warp == 0 ? a : b) + step * 256 + lane * 8);
    asm volatile("cp.async.commit_group;" ::: "memory");
#ifndef NO_WAIT_GROUP
    asm volatile("cp.async.wait_group 0;" ::: "memory");
#endif
#ifndef NO_BLOCK_SYNC
    __syncthreads();
#endif
    uint32_t x[4], y[2];
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
                 : "r"(shared_address(&tile[0][(lane % 16) * 16 + lane / 16 * 8]))
                 : "memory");
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
                 : "=r"(y[0]), "=r"(y[1])
                 : "r"(shared_address(&tile[1][(warp * 8 + lane % 8) * 16 + lane / 8 % 2 * 8]))
                 : "memory");
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]));
#ifndef OVERWRITTEN_TILE
    __syncthreads();
#endif
  }
  for (int i = 0; i < 4; i++) peer_inbox[t * 4 + i] = sum[i];
#ifndef NO_MEETING
  meet(peer_flags, flags, epoch);
#endif
  for (int i = 0; i < 4; i++) output[t * 4 + i] = sum[i] + inbox[t * 4 + i];
  meet(peer_flags + 1, flags + 1, epoch);
}
