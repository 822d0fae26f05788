#!/bin/sh
# draw.sh - the lines that run.sh collects, from stdin -> a picture of them, SVG, to stdout
#
# Two charts with logarithmic axes: what one check takes, by the way it goes; and what one takes
# that is decided in its own process, by the size of the table. No background, and colours that can
# be read on white and on black.
set -eu

awk -F'\t' '
    function log10(x) { return log(x) / log(10) }
    function text(x, y, anchor, what, more) {
        printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>%s</text>\n", x, y, anchor, more, what
    }
    function rule(x1, y1, x2, y2) {
        printf "<line class=\"rule\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x1, y1, x2, y2
    }
    function span(ns) { return ns < 1000 ? sprintf("%.0f ns", ns) : sprintf("%.1f µs", ns / 1000) }
    function bar_x(ns) { return left + (log10(ns) - 1.7) * width / 3 }
    function by_x(n) { return left + (log10(n) - 3) * width / 4 }
    function by_y(ns) { return bottom - ns * height / most }
    function curve(column, class, name,   i, points) {
        for (i = 1; i <= scales; i++)
            points = points sprintf("%.1f,%.1f ", by_x(scale[i, 1]), by_y(scale[i, column]))
        printf "<polyline class=\"%s\" points=\"%s\"/>\n", class, points
        text(by_x(scale[scales, 1]) + 6, by_y(scale[scales, column]) + 4, "start", name, "")
    }
    function bars(   i, n, y, class) {
        text(8, 20, "start", "One check, by the way it goes (p50)", " class=\"title\"")
        y = 34
        for (i = 1; i <= paths; i++) {
            if (!(path[i] in ns)) continue
            class = path[i] ~ /the floor|LMDB|Redis|nginx/ ? "other" : "ours"
            text(left - 8, y + 14, "end", label[i], "")
            printf "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"18\" rx=\"2\"/>\n", class, left, y, bar_x(ns[path[i]]) - left
            text(bar_x(ns[path[i]]) + 6, y + 14, "start", span(ns[path[i]]), "")
            y += 24
        }
        for (n = 100; n <= 10000; n *= 10) {
            rule(bar_x(n), 30, bar_x(n), y)
            text(bar_x(n), y + 14, "middle", span(n), " class=\"axis\"")
        }
        return y + 20
    }
    function sizes(top,   i, n, names) {
        text(8, top + 20, "start", "A check in process, by tokens in the table (ns, drawn at random)", " class=\"title\"")
        height = 150; bottom = top + 40 + height
        for (i = 1; i <= scales; i++) for (n = 2; n <= 3; n++) if (scale[i, n] > most) most = scale[i, n]
        most = (int(most / 200) + 1) * 200
        for (n = 0; n <= most; n += most / 4) {
            rule(left, by_y(n), left + width, by_y(n))
            text(left - 8, by_y(n) + 4, "end", n " ns", " class=\"axis\"")
        }
        split("1,000 10,000 100,000 1,000,000 10,000,000", names, " ")
        for (i = 1; i <= scales; i++)
            text(by_x(scale[i, 1]), bottom + 18, "middle", names[int(log10(scale[i, 1]) + 0.5) - 2], " class=\"axis\"")
        curve(3, "ours-line", "a verdict")
        curve(2, "other-line", "the floor")
    }
    function want(name, short) { path[++paths] = name; label[paths] = short }
    $1 == "time" && !($2 in ns) { ns[$2] = 1000 * $3 }
    $1 == "scale" { scales++; for (i = 1; i <= 3; i++) scale[scales, i] = $(i + 1) }
    END {
        left = 250; width = 420
        want("the floor, 1,000 hot tokens", "the floor, 1,000 hot tokens")
        want("a verdict in process, 1,000 hot tokens", "in process, 1,000 hot tokens")
        want("the floor, any token", "the floor, 1,000,000 tokens")
        want("a verdict in process, any token", "in process, 1,000,000 tokens")
        want("LMDB in process, any token", "LMDB look-up in process")
        want("a check over the socket, through the library", "over the socket, library")
        want("nginx, an empty 200 to the same request", "nginx, an empty 200")
        want("a check over HTTP, connection kept", "over HTTP, connection kept")
        want("one EVALSHA of Redis", "Redis, one EVALSHA")
        present = 0
        for (i = 1; i <= paths; i++) if (path[i] in ns) present++
        total = 34 + 24 * present + 20 + (scales ? 230 : 0)
        printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 780 %d\" font-family=\"sans-serif\" font-size=\"13\">\n", total
        print "<style>text{fill:#808080}.title{font-weight:bold;font-size:15px}.axis{font-size:11px}" \
            ".rule{stroke:#808080;stroke-opacity:.35}.ours{fill:#2f8fd8}.other{fill:#999}" \
            ".ours-line,.other-line{fill:none;stroke-width:2.5}.ours-line{stroke:#2f8fd8}.other-line{stroke:#999}</style>"
        top = bars()
        if (scales) sizes(top)
        print "</svg>"
    }'
