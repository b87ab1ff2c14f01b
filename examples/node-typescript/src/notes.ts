import { formatISO } from "date-fns";
import { Router } from "express";
import { groupBy, sortBy } from "lodash";
import { z } from "zod";

const Note = z.object({ title: z.string().min(1).max(200), text: z.string().max(10_000).default(""), tag: z.string().default("none") });

type Note = z.infer<typeof Note> & { at: string };

const kept: Note[] = [];

export const notes = Router();

notes.get("/", (_request, response) => {
  response.json(groupBy(sortBy(kept, "at"), "tag"));
});

notes.post("/", (request, response) => {
  const parsed = Note.safeParse(request.body);
  if (!parsed.success) {
    response.status(422).json(parsed.error.flatten());
    return;
  }
  const note = { ...parsed.data, at: formatISO(new Date()) };
  kept.push(note);
  response.status(201).json(note);
});
