{% if guarded %}if (!expired) {% endif %}{
    const i64 limit = {{ limit }};
    const i64 step = {{ step }};
    #pragma unroll 1
    for (i64 at = {{ first }}; at < limit{% if deadline %} && !expired{% endif %}; at += step) {
        const i64 word = at / (V / 4);
        {{ total }} total{};
        #pragma unroll 1
        for (i64 {{ variable }} = {{ from }}; {{ variable }} < {{ to }}; ++{{ variable }}) {
            const i64 slot = {{ index }} + word;
            {% if deadline %}
            u32 data = 0;
            expired = !{{ function }}({{ instance }} + slot, {{ wanted }}, data, watch, Wait{ {{- buffer }}, u32(slot), {{ line -}} });
            if (expired) {
                break;
            }
            {% else %}
            const u32 data = {{ function }}({{ instance }} + slot, {{ wanted }});
            {% endif %}
            {% if wide %}
            const WidePair part = widen_word(data);
            {% else %}
            const u32 part = data;
            {% endif %}
            total = {{ variable }} == {{ from }} ? part : {{ combine }}_word(total, part);
        }
        {% if deadline %}
        if (expired) {
            break;
        }
        {% endif %}
        store_weak_word({{ destination }} + at, {% if wide %}narrow_word(total){% else %}total{% endif %}, limit - at);
    }
}
