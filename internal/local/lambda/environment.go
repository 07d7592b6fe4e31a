package lambda

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// maxEnvironment is the most that all variables of a function may take, names and values (page "Lambda quotas").
const maxEnvironment = 4 << 10

// reserved are the names that Lambda keeps for itself (page "Defined runtime environment variables").
func reserved() []string {
	return []string{
		"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
		"AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID",
		"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
	}
}

func validEnvironment(env map[string]string) error {
	size := 0
	for name, value := range env {
		if slices.Contains(reserved(), name) {
			return fmt.Errorf("the environment variable %s is reserved by Lambda", name)
		}
		size += len(name) + len(value)
	}
	if size > maxEnvironment {
		return fmt.Errorf("the environment variables take %d bytes, and may take %d", size, maxEnvironment)
	}
	return nil
}

// environment is what a bootstrap sees: what Lambda sets, what the operator set, and nothing of this process.
func (f *Function) environment(runtimeAPI, stream string) []string {
	root := filepath.Dir(f.options.Path)
	env := []string{
		"_HANDLER=bootstrap",
		"AWS_DEFAULT_REGION=" + f.options.Region, "AWS_REGION=" + f.options.Region,
		"AWS_LAMBDA_FUNCTION_NAME=" + f.options.Name,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(f.options.Memory),
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + f.options.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME=" + stream,
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(runtimeAPI, "http://"),
		"LAMBDA_TASK_ROOT=" + root, "LAMBDA_RUNTIME_DIR=/var/runtime",
		"LANG=en_US.UTF-8", "PATH=/usr/local/bin:/usr/bin/:/bin:/opt/bin", "TZ=:UTC",
	}
	env = append(env, f.options.credentials()...)
	for name, value := range f.options.Env {
		env = append(env, name+"="+value) // of a name that stands twice, the last counts
	}
	return env
}

// credentials are those of the function's role.
func (o Options) credentials() []string {
	if o.AccessKey == "" {
		return []string{"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_SESSION_TOKEN=local"}
	}
	return []string{"AWS_ACCESS_KEY_ID=" + o.AccessKey, "AWS_SECRET_ACCESS_KEY=" + o.SecretKey}
}
