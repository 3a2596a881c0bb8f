// Sums are kept in f32 and rounded to {{ dtype }} once, to nearest even.
struct Wide {
    float value[8];
};

__device__ __forceinline__ float widen(Element element) {
    {% if dtype == DataType::BF16 %}
    return __uint_as_float(u32(element) << 16);
    {% else %}
    float result;
    asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(element));
    return result;
    {% endif %}
}

__device__ __forceinline__ Element narrow(float value) {
    Element result;
    asm("cvt.rn.{{ dtype }}.f32 %0, %1;" : "=h"(result) : "f"(value));
    return result;
}

__device__ __forceinline__ Wide widen(const Vector& vector) {
    Wide result;
    #pragma unroll
    for (int word = 0; word < 4; ++word) {
        result.value[2 * word] = widen(Element(vector.word[word] & 0xffffu));
        result.value[2 * word + 1] = widen(Element(vector.word[word] >> 16));
    }
    return result;
}

__device__ __forceinline__ Vector narrow(const Wide& wide) {
    Vector result;
    #pragma unroll
    for (int word = 0; word < 4; ++word) {
        result.word[word] = u32(narrow(wide.value[2 * word])) | (u32(narrow(wide.value[2 * word + 1])) << 16);
    }
    return result;
}
{% for (name, instruction) in reductions %}

__device__ __forceinline__ float {{ name }}(float left, float right) {
    float result;
    asm("{{ instruction }}.f32 %0, %1, %2;" : "=f"(result) : "f"(left), "f"(right));
    return result;
}

__device__ __forceinline__ Wide {{ name }}(const Wide& left, const Wide& right) {
    Wide result;
    #pragma unroll
    for (int element = 0; element < 8; ++element) {
        result.value[element] = {{ name }}(left.value[element], right.value[element]);
    }
    return result;
}
{% endfor %}
