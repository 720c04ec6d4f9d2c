package guard

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics count what the guard does. They name no path, user or token.
type metrics struct {
	registry *prometheus.Registry
	classes  [6]prometheus.Counter // by the first digit of the status
	seconds  prometheus.Histogram
	refusals *prometheus.CounterVec
	clients  prometheus.Counter
	reloads  *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "countersign_requests_total", Help: "Requests by class of status."}, []string{"class"})
	for i, class := range []string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"} {
		m.classes[i] = requests.WithLabelValues(class)
	}
	m.seconds = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "countersign_request_seconds", Help: "Time from the head of a request to the end of its answer.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 8)})
	m.refusals = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "countersign_refusals_total", Help: "Requests that were refused, or in report mode would be."}, []string{"step", "code", "refused"})
	m.clients = prometheus.NewCounter(prometheus.CounterOpts{Name: "countersign_clients_gone_total", Help: "Clients that went before their answer was complete."})
	m.reloads = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "countersign_reloads_total", Help: "Readings of a changed configuration."}, []string{"result"})
	m.registry.MustRegister(requests, m.seconds, m.refusals, m.clients, m.reloads,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) finished(status int, took time.Duration) {
	if class := status / 100; class < len(m.classes) {
		m.classes[class].Inc()
	}
	m.seconds.Observe(took.Seconds())
}

func (m *metrics) refused(step, code string, refused bool) {
	label := "true"
	if !refused {
		label = "false"
	}
	m.refusals.WithLabelValues(step, code, label).Inc()
}

func (m *metrics) gone() { m.clients.Inc() }

func (m *metrics) reloaded(ok bool) {
	label := "kept-old"
	if ok {
		label = "ok"
	}
	m.reloads.WithLabelValues(label).Inc()
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}
