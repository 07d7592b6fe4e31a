package pytest

import (
	"context"
	"regexp"
	"strings"

	"github.com/dagferry/dagferry/internal/fault"
)

// Versions are those of the place where tests run.
type Versions struct {
	// Python is 3.12.1, say.
	Python string `json:"python"`
	// Airflow is "" where it is not installed.
	Airflow string `json:"airflow"`
	// Pytest is "" where it is not installed.
	Pytest string `json:"pytest"`
}

// Look asks the place for its versions. A place that has no Python that works is Denied.
func Look(ctx context.Context, o Options) (Versions, error) {
	var found Versions
	o.Output = nil
	_, err := o.do(ctx, job{Do: "look"}, strings.NewReader(""), &found)
	return found, err
}

// AirflowMinor is 3.1 of 3.1.8+astro.2; "" when it is not known.
func (v Versions) AirflowMinor() string { return minor(v.Airflow) }

// PythonMinor is 3.12 of 3.12.1; "" when it is not known.
func (v Versions) PythonMinor() string { return minor(v.Python) }

func minor(version string) string { return regexp.MustCompile(`^\d+\.\d+`).FindString(version) }

// needsPytest says how to get it where it is missing.
func (o Options) needsPytest() error {
	remedy := "Add pytest to the image's requirements.txt (Astro Runtime has it)"
	if o.Interpreter != "" {
		remedy = "Install it there: " + o.Interpreter + " -m pip install pytest"
	}
	return fault.Errorf(fault.Denied, "run the tests: pytest is not installed in %s. %s", o, remedy)
}
