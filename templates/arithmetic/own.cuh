{% if dtype == DataType::F32 %}
__device__ __forceinline__ Element {{ name }}(Element left, Element right) {
    float result;
    asm("{{ instruction }}.f32 %0, %1, %2;" : "=f"(result) : "f"(__uint_as_float(left)), "f"(__uint_as_float(right)));
    return __float_as_uint(result);
}

__device__ __forceinline__ u32 {{ name }}_word(u32 left, u32 right) {
    return {{ name }}(left, right);
}
{% else if dtype == DataType::BF16 && name == "sum" %}
// left · 1 + right, rounded once: the sum of two bf16, on every architecture since sm_80.
__device__ __forceinline__ Element sum(Element left, Element right) {
    Element result;
    asm("fma.rn.bf16 %0, %1, %2, %3;" : "=h"(result) : "h"(left), "h"(Element(0x3f80)), "h"(right));
    return result;
}

__device__ __forceinline__ u32 sum_word(u32 left, u32 right) {
    u32 result;
    asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(result) : "r"(left), "r"(0x3f803f80u), "r"(right));
    return result;
}
{% else %}
__device__ __forceinline__ Element {{ name }}(Element left, Element right) {
    Element result;
    asm("{{ instruction }}.{{ dtype }} %0, %1, %2;" : "=h"(result) : "h"(left), "h"(right));
    return result;
}

__device__ __forceinline__ u32 {{ name }}_word(u32 left, u32 right) {
    u32 result;
    asm("{{ instruction }}.{{ dtype }}x2 %0, %1, %2;" : "=r"(result) : "r"(left), "r"(right));
    return result;
}
{% endif %}

// Rounded to {{ dtype }} each time.
__device__ __forceinline__ Vector {{ name }}(const Vector& left, const Vector& right) {
    Vector result;
    #pragma unroll
    for (int word = 0; word < 4; ++word) {
        result.word[word] = {{ name }}_word(left.word[word], right.word[word]);
    }
    return result;
}
