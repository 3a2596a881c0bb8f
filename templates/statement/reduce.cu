{% if guarded %}if (!expired) {% endif %}{
    const i64 limit = {{ limit }};
    const i64 step = {{ step }};
    #pragma unroll 1
    for (i64 at = {{ first }}; at < limit; at += step) {
        {% if width == Width::Element %}
        const i64 element = at;
        {{ element|safe }}
        {% else if tail == Tail::Overrun %}
        {{ vector|safe }}
        {% else %}
        if (limit - at >= V) {
            {{ vector|safe }}
        {% if tail == Tail::Scalar %}
        } else {
            #pragma unroll 1
            for (i64 element = at; element < limit; ++element) {
                {{ element|safe }}
            }
        {% endif %}
        }
        {% endif %}
    }
}
