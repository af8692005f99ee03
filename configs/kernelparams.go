package configs

import (
	"maps"
	"slices"
)

// honoured are the parameters of the kernel application that mean something
// here, each with its reader; nil where several are read together.
var honoured = map[string]func(*reader, param){
	"connect_all":             (*reader).connectAll,
	"dist_auto_connect":       (*reader).autoConnect,
	"inet_dist_listen_max":    nil,
	"inet_dist_listen_min":    nil,
	"inet_dist_use_interface": (*reader).useInterface,
	"logger_level":            (*reader).loggerLevel,
	"net_setuptime":           (*reader).netSetupTime,
	"net_ticktime":            (*reader).netTickTime,
	"sync_nodes_mandatory":    nil,
	"sync_nodes_optional":     nil,
	"sync_nodes_timeout":      (*reader).syncTimeout,
}

// accepted are the others that OTP 27 documents (kernel(6), and gen_tcp for
// inet_backend), each with the type that is documented, or that the module
// reads which uses it. A value of another type is an error, so that a file means
// the same to the Erlang nodes that read it too.
var accepted = map[string]struct {
	valueType
	why string // why it means nothing here
}{
	"boot_server_slaves":             {listType, noBootServer},
	"distributed":                    {distributedType, noApplications},
	"epmd_module":                    {atomType, noPortMapper},
	"erl_epmd_node_listen_port":      {integerFrom(0), noPortMapper},
	"error_logger":                   {anyType, ownLog},
	"error_logger_format_depth":      {either(integerFrom(0), oneOf("unlimited")), ownLog},
	"global_groups":                  {listType, "there are no global groups here"},
	"inet_backend":                   {oneOf("inet", "socket"), ownSockets},
	"inet_default_connect_options":   {listType, ownSockets},
	"inet_default_listen_options":    {listType, ownSockets},
	"inet_dist_connect_options":      {listType, ownSockets},
	"inet_dist_listen_options":       {listType, ownSockets},
	"inet_parse_error_log":           {atomType, ownResolver},
	"inetrc":                         {either(textType, atomType), ownResolver},
	"logger":                         {listType, ownLog},
	"logger_metadata":                {mapType, ownLog},
	"logger_sasl_compatible":         {boolType, ownLog},
	"net_ticker_spawn_options":       {listType, noProcesses},
	"net_tickintensity":              {integerFrom(0), "probes go out at detector.interval"},
	"os_cmd_shell":                   {textType, noShell},
	"permissions":                    {listType, noApplications},
	"prevent_overlapping_partitions": {boolType, "each node decides for itself who is up"},
	"shell_docs_ansi":                {either(boolType, oneOf("auto")), noShell},
	"shell_history":                  {atomType, noShell},
	"shell_history_drop":             {listType, noShell},
	"shell_history_file_bytes":       {integerFrom(0), noShell},
	"shell_history_path":             {either(textType, binaryType, atomType), noShell},
	"shutdown_func":                  {tupleType("{Module, Function}"), noApplications},
	"shutdown_timeout":               {either(integerFrom(0), oneOf("infinity")), noApplications},
	"source_search_rules":            {listType, noProcesses},
	"standard_io_encoding":           {atomType, "the log is UTF-8"},
	"start_boot_server":              {boolType, noBootServer},
	"start_disk_log":                 {boolType, noProcesses},
	"start_dist_ac":                  {boolType, noApplications},
	"start_distribution":             {boolType, "a node is always distributed here"},
	"start_pg":                       {boolType, noProcesses},
	"start_timer":                    {boolType, noProcesses},
}

// Why a parameter means nothing here.
const (
	noApplications = "no Erlang applications run here"
	noBootServer   = "there is no boot server here"
	noPortMapper   = "names are found on the bus, not by a port mapper"
	noProcesses    = "no Erlang processes run here"
	noShell        = "there is no Erlang shell here"
	ownLog         = "the log has log.level of interconnectd.yaml, and logger_level"
	ownResolver    = "the host's own resolver is used"
	ownSockets     = "the bus has connections of its own"
)

// whyUnused says why a parameter that was given means nothing here.
func whyUnused(app, name string) string {
	switch known, ok := accepted[name]; {
	case app != "kernel":
		return noApplications
	case ok:
		return known.why
	default:
		return "kernel has no such parameter"
	}
}

func isHonoured(name string) bool {
	_, ok := honoured[name]
	return ok
}

// isKernelParam reports whether OTP documents the parameter.
func isKernelParam(name string) bool {
	_, ok := accepted[name]
	return ok || isHonoured(name)
}

// kernelParamNames are all that OTP documents: first those that mean something.
func kernelParamNames() []string {
	return append(slices.Sorted(maps.Keys(honoured)), slices.Sorted(maps.Keys(accepted))...)
}
