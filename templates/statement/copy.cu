{% if guarded %}if (!expired) {% endif %}{
    const i64 limit = {{ limit }};
    const i64 step = {{ step }};
    #pragma unroll 1
    for (i64 at = {{ first }}; at < limit; at += step) {
        {% if width == Width::Element %}
        store_weak_element({{ destination }} + at, load_weak_element({{ source }} + at));
        {% else if tail == Tail::Overrun %}
        store_weak_vector({{ destination }} + at, load_weak_vector({{ source }} + at));
        {% else %}
        if (limit - at >= V) {
            store_weak_vector({{ destination }} + at, load_weak_vector({{ source }} + at));
        {% if tail == Tail::Scalar %}
        } else {
            #pragma unroll 1
            for (i64 element = at; element < limit; ++element) {
                store_weak_element({{ destination }} + element, load_weak_element({{ source }} + element));
            }
        {% endif %}
        }
        {% endif %}
    }
}
