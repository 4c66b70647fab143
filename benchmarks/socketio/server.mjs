// The peer in node: Socket.IO, its Redis adapter, a JSON Web Token, a membership check and one INSERT per message.
import { createServer } from "node:http";

import { createAdapter } from "@socket.io/redis-adapter";
import jwt from "jsonwebtoken";
import pg from "pg";
import { createClient } from "redis";
import { Server } from "socket.io";

const { DATABASE_URL, REDIS_URL, SECRET_KEY, PORT } = process.env;

const database = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
const publisher = createClient({ url: REDIS_URL });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const server = createServer((request, response) => response.end("ok"));
const io = new Server(server, {
  adapter: createAdapter(publisher, subscriber),
  transports: ["websocket"],
  perMessageDeflate: false,
});

io.use(async (socket, next) => {
  try {
    const { sub } = jwt.verify(socket.handshake.query.token, SECRET_KEY, { algorithms: ["HS256"] });
    const { rows } = await database.query(
      "SELECT u.id, u.username, r.id AS room_id FROM auth_user u JOIN chat_room_members m ON m.user_id = u.id" +
        " JOIN chat_room r ON r.id = m.room_id WHERE u.id = $1 AND u.is_active AND r.name = $2",
      [sub, socket.handshake.query.room],
    );
    if (rows.length === 0) throw new Error("not a member");
    socket.data = rows[0];
    next();
  } catch (error) {
    next(error);
  }
});

io.on("connection", async (socket) => {
  const { id, username, room_id } = socket.data;
  const topic = `room.${room_id}`;
  await socket.join(topic);
  socket.on("message", async (body) => {
    try {
      const { rows } = await database.query(
        "INSERT INTO chat_message (room_id, sender_id, text, created_at) VALUES ($1, $2, $3, now())" +
          " RETURNING id, created_at",
        [room_id, id, body.message],
      );
      io.to(topic).emit("message", {
        id: rows[0].id,
        message: body.message,
        sender: username,
        timestamp: rows[0].created_at,
      });
    } catch (error) {
      socket.emit("problem", String(error));
    }
  });
});

server.listen(Number(PORT), "127.0.0.1");
