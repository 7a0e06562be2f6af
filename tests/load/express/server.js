// Express 4 and pg, in three ways: /plain as one would write it, two queries a page; /rows with our
// own statement for rows; /text with our statement whose one value is the whole answer.
const express = require('express');
const fs = require('fs');
const { Pool } = require('pg');

const lists = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const pool = new Pool({ connectionString: process.env.NODE_DATABASE_URL, max: 10 });
const app = express();

const ways = {
  async plain({ plain }, page, limit) {
    const [found, counted] = await Promise.all([
      pool.query(plain.rows, [limit, (page - 1) * limit]),
      pool.query(plain.count),
    ]);
    return { data: found.rows, total: Number(counted.rows[0].count) };
  },
  async rows({ rows }) {
    const found = await pool.query(rows.sql, rows.values);
    const data = found.rows.map(({ _total, _key_0, _key_1, ...row }) => row);
    return { data, total: found.rows.length ? Number(found.rows[0]._total) : 0 };
  },
};

app.get('/text/:list', async (req, res, next) => {
  try {
    const { sql, values } = lists[req.params.list].text;
    const found = await pool.query({ text: sql, values, rowMode: 'array' });
    res.type('json').send(found.rows[0][0]);
  } catch (error) {
    next(error);
  }
});

app.get('/:way/:list', async (req, res, next) => {
  try {
    const page = parseInt(req.query.page || '1', 10);
    const limit = Math.min(parseInt(req.query.limit || '20', 10), 100);
    const { data, total } = await ways[req.params.way](lists[req.params.list], page, limit);
    res.json({ success: true, data, pagination: { total, page, pages: Math.ceil(total / limit) } });
  } catch (error) {
    next(error);
  }
});

const server = app.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
