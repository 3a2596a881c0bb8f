{% for name in helpers %}
{% match name.as_ref() %}
{% when "ceil_div" %}
// Quotient rounded up.
__device__ __forceinline__ i64 ceil_div(i64 left, i64 right) { return (left + right - 1) / right; }
__device__ __forceinline__ u32 ceil_div(u32 left, u32 right) { return left / right + (left % right != 0); }
{% when "smaller" %}
__device__ __forceinline__ i64 smaller(i64 left, i64 right) { return left < right ? left : right; }
__device__ __forceinline__ u32 smaller(u32 left, u32 right) { return left < right ? left : right; }
{% when "larger" %}
__device__ __forceinline__ i64 larger(i64 left, i64 right) { return left > right ? left : right; }
__device__ __forceinline__ u32 larger(u32 left, u32 right) { return left > right ? left : right; }
{% when "shift_left" %}
__device__ __forceinline__ i64 shift_left(i64 left, i64 by) { return i64(u64(left) << by); }
__device__ __forceinline__ u32 shift_left(u32 left, u32 by) { return by < 32 ? left << by : 0; }
{% when _ %}
__device__ __forceinline__ i64 shift_right(i64 left, i64 by) { return left >> by; }
__device__ __forceinline__ u32 shift_right(u32 left, u32 by) { return by < 32 ? left >> by : 0; }
{% endmatch %}

{% endfor %}
