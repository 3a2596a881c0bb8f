#pragma unroll 1
for ({{ declaration }}{{ variable }} = {{ from }}; {{ variable }} < {{ to }}; ++{{ variable }}) {
    {{ body|safe }}
}
