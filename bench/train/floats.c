/* Training: loops over floating-point numbers, as numerical programs have. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#define N 64

static double x[N * 4], y[N * 4], z[N * 4], grid[N][N], wide[N][N];
static float fx[N * 4], fy[N * 4], weights[N][N];

struct particle {
	double px, py, vx, vy, mass;
};

static struct particle particles[32];

/* Particles in a box, with a spring between neighbours. */
static double
springs(int steps)
{
	double energy = 0;

	for (int i = 0; i < 32; i++)
		particles[i] = (struct particle){ i, i * 0.5, 0, 0, 1 + i * 0.1 };
	while (steps-- > 0) {
		for (int i = 1; i < 32; i++) {
			struct particle *a = &particles[i - 1], *b = &particles[i];
			double dx = b->px - a->px, dy = b->py - a->py;
			double d = sqrt(dx * dx + dy * dy) + 1e-9;
			double f = (d - 1) * 0.5 / d;

			a->vx += dx * f / a->mass;
			a->vy += dy * f / a->mass;
			b->vx -= dx * f / b->mass;
			b->vy -= dy * f / b->mass;
		}
		for (int i = 0; i < 32; i++) {
			struct particle *p = &particles[i];

			p->px += p->vx * 0.01;
			p->py += p->vy * 0.01;
			if (p->px < 0 || p->px > 40)
				p->vx = -p->vx;
			if (p->py < 0 || p->py > 40)
				p->vy = -p->vy;
			energy += p->mass * (p->vx * p->vx + p->vy * p->vy);
		}
	}
	return energy;
}

/* Roots of a cubic by complex Newton steps. */
static int
newton(void)
{
	int sum = 0;

	for (int i = 0; i < 24; i++)
		for (int j = 0; j < 24; j++) {
			double a = (i - 11.5) / 6, b = (j - 11.5) / 6;
			int n = 0;

			for (; n < 30; n++) {
				double a2 = a * a - b * b, b2 = 2 * a * b;
				double fr = a2 * a - b2 * b - 1, fi = a2 * b + b2 * a;
				double dr = 3 * a2, di = 3 * b2;
				double q = dr * dr + di * di;

				if (fr * fr + fi * fi < 1e-12 || q == 0)
					break;
				a -= (fr * dr + fi * di) / q;
				b -= (fi * dr - fr * di) / q;
			}
			sum += n;
		}
	return sum;
}

/* Sums over two arrays: what statistics and linear algebra do. */
static double
series(int n)
{
	double sx = 0, sy = 0, sxy = 0, sxx = 0, s = 0, c = 0;

	for (int i = 0; i < n; i++) {
		x[i] = i * 0.25 - 3;
		y[i] = x[i] * x[i] * 0.5 - x[i] + 1;
	}
	for (int i = 0; i < n; i++) {
		sx += x[i];
		sy += y[i];
		sxy += x[i] * y[i];
		sxx += x[i] * x[i];
	}
	for (int i = 0; i < n; i++) {	/* compensated */
		double t = y[i] - c, u = s + t;

		c = (u - s) - t;
		s = u;
	}
	for (int i = 0; i < n; i++)
		z[i] = y[i] - (sxy * n - sx * sy) / (sxx * n - sx * sx) * x[i];
	for (int lag = 0; lag < 8; lag++)
		for (int i = lag; i < n; i++)
			s += z[i] * z[i - lag];
	return s;
}

static double
product(void)
{
	double trace = 0;

	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
			wide[i][j] = (i ^ j) * 0.01;
	for (int i = 0; i < N; i++)		/* times its transpose */
		for (int j = 0; j <= i; j++) {
			double s = 0;

			for (int k = 0; k < N; k++)
				s += wide[i][k] * wide[j][k];
			grid[i][j] = grid[j][i] = s;
		}
	for (int i = 0; i < N; i++)
		trace += grid[i][i];
	for (int i = 0; i < N; i++) {		/* times a vector */
		double s = 0;

		for (int k = 0; k < N; k++)
			s += grid[k][i] * x[k];
		y[i] = s / trace;
	}
	return trace + y[5];
}

static double
relax(void)
{
	double change = 0;

	for (int r = 0; r < 6; r++)
		for (int i = 1; i < N - 1; i++)
			for (int j = 1; j < N - 1; j++) {
				double v = (grid[i - 1][j] + grid[i + 1][j] +
					grid[i][j - 1] + grid[i][j + 1]) * 0.25;

				change += fabs(v - grid[i][j]);
				grid[i][j] = v;
			}
	return change;
}

static double
horner(double v)
{
	static const double c[] = { 1, -0.5, 0.25, 3, -0.125, 0.0625, 2, -1 };
	double s = 0, t = 1;

	for (int i = 0; i < 8; i++)
		s = s * v + c[i];
	for (int i = 1; i < 20; i++) {
		t *= v / i;
		s += t;
	}
	return s;
}

static double
integrate(int n)
{
	double h = 2.0 / n, s = 0;

	for (int i = 0; i < n; i++) {
		double a = i * h, m = a + h / 2, b = a + h;

		s += h / 6 * (horner(a) + 4 * horner(m) + horner(b));
	}
	return s;
}

/* One layer of neurons, and its training. */
static float
layer(void)
{
	float loss = 0;

	for (int r = 0; r < 6; r++)
		for (int i = 0; i < N; i++) {
			float s = 0, e;

			for (int j = 0; j < N; j++)
				s += weights[i][j] * fx[j];
			s = s / (1 + fabsf(s));
			e = fy[i] - s;
			loss += e * e;
			for (int j = 0; j < N; j++)
				weights[i][j] += 0.01f * e * fx[j];
		}
	return loss;
}

static float
nearest(void)
{
	float sum = 0;

	for (int i = 0; i < N * 4; i++) {
		float best = 1e9f;

		for (int j = 0; j < N; j += 4) {
			float dx = fx[i] - fx[j], dy = fy[i] - fy[j];
			float d = dx * dx + dy * dy;

			if (d < best)
				best = d;
		}
		sum += best;
	}
	return sum;
}

static double
rotate(int n)
{
	double qw = 1, qx = 0, qy = 0, qz = 0;
	const double rw = 0.99, rx = 0.1, ry = 0.05, rz = 0.02;

	while (n-- > 0) {
		double w = qw * rw - qx * rx - qy * ry - qz * rz;
		double i = qw * rx + qx * rw + qy * rz - qz * ry;
		double j = qw * ry - qx * rz + qy * rw + qz * rx;
		double k = qw * rz + qx * ry - qy * rx + qz * rw;
		double l = 1 / sqrt(w * w + i * i + j * j + k * k);

		qw = w * l;
		qx = i * l;
		qy = j * l;
		qz = k * l;
	}
	return qw + qx + qy + qz;
}

int
main(void)
{
	double sum = 0;

	for (int i = 0; i < N * 4; i++) {
		fx[i] = (float)(i * 37 % 101) / 101;
		fy[i] = (float)(i * 53 % 97) / 97;
	}
	for (int r = 0; r < 3; r++)
		sum += springs(60) + newton() + series(N * 4) + product() +
			relax() + integrate(60) + layer() + nearest() + rotate(400);
	printf("%.6f\n", sum);
	return 0;
}
