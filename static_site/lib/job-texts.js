/** What several views say of a job. */

export function tookText(job, now, format) {
  if (job.status === "completed") {
    return job.duration_seconds === null ? "" : `took ${format.duration(job.duration_seconds)}`;
  }
  if (job.started_at === null) {
    return "not started";
  }
  const seconds = Math.max((now - Date.parse(job.started_at)) / 1000, 0);
  return `for ${format.duration(Math.floor(seconds))}`;
}
