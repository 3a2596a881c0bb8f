{% if guarded %}if (!expired) {% endif %}{
    const i64 limit = {{ limit }};
    const i64 step = {{ step }};
    #pragma unroll 1
    for (i64 at = {{ first }}; at < limit; at += step) {
        const i64 word = at / (V / 4);
        const u32 data = load_weak_word({{ source }} + at, limit - at);
        {% match flag %}
        {% when Some with (flag) %}
        {{ function }}({{ destination }} + word, data, {{ flag }});
        {% when None %}
        {{ function }}({{ destination }} + word, without_negative_zeros(data));
        {% endmatch %}
    }
}
