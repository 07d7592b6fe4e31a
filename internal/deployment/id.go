package deployment

import (
	"fmt"

	"github.com/dagferry/dagferry/internal/config"
)

// ID is the Deployment that a file is for: the one that is asked for, the target's, or the one that the file's metadata names. All that
// are there must be the same; a name alone finds none, since two Deployments may have the same one.
func ID(file config.Deployment, target, asked string) (string, error) {
	id, from := "", ""
	for _, place := range []struct{ id, name string }{
		{asked, "--deployment"}, {target, "the target's deployment:"}, {file.ID(), file.File + "'s metadata.deployment_id"},
	} {
		switch {
		case place.id == "":
		case id == "":
			id, from = place.id, place.name
		case id != place.id:
			return "", fmt.Errorf("%s is %s, and %s is %s: which Deployment is meant?", from, id, place.name, place.id)
		}
	}
	if id == "" {
		return "", fmt.Errorf("nothing says which Deployment %s is for: write its id into the file as metadata: {deployment_id: clx…}, or name it with --deployment", file.File)
	}
	return id, nil
}
