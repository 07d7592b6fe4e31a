package astro

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// pageSize is a list's page: small enough for any limit, large enough that what a sync asks for is one request.
const pageSize = 100

// Deploys are the newest deploys, at most limit, newest first, with the same createdAt in Astro's order. Astro lists
// newest first [inferred]; should it list oldest first, all of them are read.
func (c *Client) Deploys(ctx context.Context, deployment string, limit int) ([]Deploy, error) {
	var all []Deploy
	for want, offset := limit, 0; len(all) < want; {
		page, total, err := c.deploysPage(ctx, deployment, min(want-len(all), pageSize), offset)
		if err != nil {
			return nil, err
		}
		offset += len(page)
		all = appendNew(all, page)
		if len(page) == 0 || offset >= total {
			break
		}
		if all[0].CreatedAt.Before(all[len(all)-1].CreatedAt) {
			want = total
		}
	}
	slices.SortStableFunc(all, func(a, b Deploy) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return all[:min(len(all), max(limit, 0))], nil
}

func (c *Client) deploysPage(ctx context.Context, deployment string, limit, offset int) ([]Deploy, int, error) {
	var answer struct {
		Deploys    []Deploy `json:"deploys"`
		TotalCount int      `json:"totalCount"`
	}
	err := c.do(ctx, call{
		op: "deploys", verb: "list deploys", method: http.MethodGet, path: "/deploys", repeat: true, deployment: deployment,
		query: url.Values{"limit": {strconv.Itoa(limit)}, "offset": {strconv.Itoa(offset)}},
	}, &answer)
	return answer.Deploys, answer.TotalCount, err
}

// appendNew leaves out what a deploy that was created between two pages moved from one to the next.
func appendNew(all, page []Deploy) []Deploy {
	for _, d := range page {
		if !slices.ContainsFunc(all, func(o Deploy) bool { return o.ID == d.ID }) {
			all = append(all, d)
		}
	}
	return all
}
