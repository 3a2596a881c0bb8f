{% match parts %}
{% when Parts::Known with (groups) %}
{% for group in groups %}
{% for part in group %}
const {{ unit }} part{{ part.number }} = load_weak_{{ suffix }}({{ part.source }} + {{ offset }});
{% endfor %}
{% for part in group %}
{% if part.number == 0 %}
{{ total }} total = {% if wide %}widen(part0){% else %}part0{% endif %};
{% else %}
total = {{ combine }}(total, {% if wide %}widen(part{{ part.number }}){% else %}part{{ part.number }}{% endif %});
{% endif %}
{% endfor %}
{% endfor %}
{% when Parts::Counted with { variable, from, to, first, source } %}
{{ total }} total = {% if wide %}widen({% endif %}load_weak_{{ suffix }}({{ first }} + {{ offset }}){% if wide %}){% endif %};
#pragma unroll 1
for (i64 {{ variable }} = {{ from }} + 1; {{ variable }} < {{ to }}; ++{{ variable }}) {
    const {{ unit }} part0 = load_weak_{{ suffix }}({{ source }} + {{ offset }});
    total = {{ combine }}(total, {% if wide %}widen(part0){% else %}part0{% endif %});
}
{% endmatch %}
store_weak_{{ suffix }}({{ destination }} + {{ offset }}, {% if wide %}narrow(total){% else %}total{% endif %});
